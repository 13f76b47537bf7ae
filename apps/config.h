#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "s4l/apps/command_line.h"
#include "s4l/apps/settings.h"
#include "s4l/methods/training/run_options.h"

namespace s4l::apps {

/// A value that somebody gave to a setting, and where: "--lr", "S4L_LR", "my.toml:12".
struct Given {
  std::string name, text, origin;
  int stage = 0;  ///< of a method that has several: the value is for this one alone; 0: for all
};
/// What one source gives; no two of them contradict each other.
using Layer = std::vector<Given>;

/// By setting: "--lr", "S4L_LR", "my.toml:12", "recipe things/rotation:10".
using Origins = std::map<std::string, std::string>;

/// The settings of TOML text: keys are the names of `s4l run`'s options and `method`; [dataset-options] holds those of
/// the data set, [stage-2] what is different in a method's second stage. An unknown key or a wrong type is an error of
/// kind usage: "my.toml:12: unknown key ...".
Layer layer_from_toml(const std::string& text, const std::string& source);
/// The comment behind a setting of stages[i].
using Remark = std::function<std::string(const Setting& setting, std::size_t i)>;
/// TOML that layer_from_toml reads back to the same options.
std::string to_toml(const methods::RunOptions& options);
/// The same of each stage of a method of several: what all have in common, then a table for each stage of the rest.
std::string to_toml(const std::vector<methods::RunOptions>& stages, const Remark& remark = {});
/// Whether it is part of that: not where another setting says the same, or the method has no such option.
bool is_written(const Setting& setting, const methods::RunOptions& options);
/// What a command's options give; `method`: its positional argument, where it takes one.
Layer layer_from_arguments(const Arguments& arguments, const std::optional<std::string>& method = {});
/// What S4L_<NAME> variables give.
Layer layer_from_environment();

/// A usage error where `path`, which --`option` gave, is neither empty nor there.
void check_is_there(const char* option, const std::string& path);
/// A usage error where `recipe` is for pictures that s4l does not have itself and no layer says which to take.
void check_has_data(const std::string& recipe, const std::vector<Layer>& layers);
/// Who gave which value: default < recipe < the user's file < --config < environment < command line; `recipe` names
/// one, empty: that of the data set and method, if there is one. `origins` receives who had the last word on each
/// setting that somebody gave, as far as it is for the stage.
methods::RunOptions combine(const std::string& recipe, const std::vector<Layer>& layers, Origins* origins = nullptr);
/// Applies one layer, without what is for another stage; an error names the value's origin.
void overlay(const Layer& layer, methods::RunOptions& options);

}  // namespace s4l::apps
