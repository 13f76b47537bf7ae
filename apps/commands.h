#pragma once
#include <string>
#include <vector>

#include "s4l/apps/command_line.h"

namespace s4l::apps {

/// A command of the program: one file each, listed in commands.cpp.
struct Command {
  const char* name;
  const char* alias;  ///< what users of other tools type, or null
  CommandLine (*line)();
  int (*run)(const Arguments& arguments);  ///< returns an ExitCode
};

Command run_command();
Command eval_command();
Command compare_command();
Command predict_command();
Command embed_command();
Command split_command();
Command config_command();
Command list_command();
Command info_command();
Command completion_command();
Command man_command();

/// Every command, in the order of the help.
const std::vector<Command>& commands();
/// The command called `word`, or null.
const Command* find_command(const std::string& word);

}  // namespace s4l::apps
