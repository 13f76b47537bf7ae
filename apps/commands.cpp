#include "s4l/apps/commands.h"

namespace s4l::apps {

const std::vector<Command>& commands() {
  static const std::vector<Command> all = {
      run_command(),    eval_command(), compare_command(), predict_command(),    embed_command(), split_command(),
      config_command(), list_command(), info_command(),    completion_command(), man_command(),
  };
  return all;
}

const Command* find_command(const std::string& word) {
  for (const Command& command : commands())
    if (word == command.name || (command.alias != nullptr && word == command.alias)) return &command;
  return nullptr;
}

}  // namespace s4l::apps
