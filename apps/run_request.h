#pragma once
#include <string>
#include <vector>

#include "s4l/apps/commands.h"
#include "s4l/apps/config.h"
#include "s4l/methods/training/run_options.h"

namespace s4l::apps {

/// What `s4l run` was asked to do.
struct RunRequest {
  methods::RunOptions options;
  std::string folder;  ///< to write to or to continue; empty: runs/ and the name
  std::string name;    ///< below runs/; empty: by method, labels and seed
  bool resume = false, overwrite = false, dry_run = false, json = false;
  bool last = true;    ///< its result is the command's
  double seconds = 0;  ///< to stop after; 0: none
};

CommandLine run_line();
/// --config, of the commands that read settings from a file, and what the file gives: nothing where none is named.
Option config_option();
Layer layer_from_config(const Arguments& arguments);
/// What --config, the environment and the command line give, in rising order.
std::vector<Layer> layers_from(const Arguments& arguments);
/// The seconds of --time, 0 where it is not given.
double time_limit_from(const Arguments& arguments);
/// Reads the layers of settings and the run's own options; an error of kind usage names what is wrong. With `stage`
/// more than 0 the options are those of one stage of a run of all stages.
RunRequest request_from(const Arguments& arguments, int stage = 0);

}  // namespace s4l::apps
