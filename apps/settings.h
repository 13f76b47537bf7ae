#pragma once
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "s4l/apps/command_line.h"
#include "s4l/methods/training/run_options.h"

namespace s4l::apps {

/// Where a setting lives in RunOptions. Method options (--rot-weight) live under their name in a map.
using Field =
    std::variant<std::string methods::RunOptions::*, double methods::RunOptions::*, std::int64_t methods::RunOptions::*,
                 int methods::RunOptions::*, std::uint64_t methods::RunOptions::*, bool methods::RunOptions::*>;
struct MethodField {
  std::map<std::string, methods::OptionValue> standards;  ///< by method: each may have its own default
  bool choice = false;                                    ///< of words; else it is a number
};
/// Read from text into another setting's field, and never written: --num-labels 40 is --labels 40n.
struct Reader {
  void (*set)(methods::RunOptions&, const std::string&);
};

/// One value that decides what a run computes: command line, environment, TOML files, config.toml and help all read
/// this table.
struct Setting {
  Option option;
  std::variant<Field, MethodField, Reader> place;
  std::string section;          ///< heading in config.toml
  bool free_on_resume = false;  ///< may differ from the run that is continued: it changes no result
  std::string chosen_by = {};   ///< what decides where the value is 0 or empty: "the number of labels"
};

/// Every setting, the methods' options included.
const std::vector<Setting>& settings();
/// The setting called `name` (canonical or alias, with _ or -), or null.
const Setting* find_setting(std::string name);

/// Sets it from text; an error says what was expected.
void set_from_text(const Setting& setting, methods::RunOptions& options, const std::string& text);
/// Its value as text, as TOML has it where `toml`; empty where there is nothing to write.
std::string text_of(const Setting& setting, const methods::RunOptions& options, bool toml = false);

/// The number that an option which is no setting was given; an error starts with `origin` ("--min-acc").
double number_from(const std::string& origin, const std::string& text);
/// `text` as a TOML string.
std::string quoted(const std::string& text);

}  // namespace s4l::apps
