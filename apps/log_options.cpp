#include "s4l/apps/log_options.h"

namespace s4l::apps {

std::vector<Option> log_options() {
  return {
      {"quiet", "", "only warnings and errors on stderr", false, Takes::none, 'q'},
      {"verbose", "", "every figure of every interval", false, Takes::none, 'v'},
      {"no-progress", "", "plain lines instead of a moving bar", false, Takes::none},
      {"no-color", "", "no colour; also NO_COLOR", false, Takes::none, 0, {"no-colour"}},
  };
}

Log log_from(const Arguments& arguments) {
  const auto on = [&](const char* name) { return arguments.get(name) == "true"; };
  Terminal terminal = terminal_of(2);
  terminal.moving = terminal.moving && !on("no-progress");
  terminal.colour = terminal.colour && !on("no-color");
  return Log(on("quiet") ? Log::Level::quiet : on("verbose") ? Log::Level::verbose : Log::Level::normal, terminal);
}

}  // namespace s4l::apps
