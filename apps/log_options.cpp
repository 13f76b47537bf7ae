#include "s4l/apps/log_options.h"

#include <cstdlib>

#include "s4l/core/error.h"

namespace s4l::apps {

std::vector<Option> log_options() {
  return {
      {"quiet", "", "only warnings and errors on stderr", false, Takes::none, 'q'},
      {"verbose", "", "every figure of every interval", false, Takes::none, 'v'},
      {"log-format", "text|json", "of stderr and train.log: text, or json, an object a line; also S4L_LOG [text]"},
      {"no-progress", "", "plain lines instead of a moving bar", false, Takes::none},
      {"no-color", "", "no colour; also NO_COLOR", false, Takes::none, 0, {"no-colour"}},
  };
}

namespace {

void choose_log_format(const Arguments& arguments) {
  const char* variable = std::getenv("S4L_LOG");
  if (arguments.has("log-format"))
    set_log_format("--log-format", arguments.get("log-format"));
  else if (variable != nullptr && *variable != '\0')
    set_log_format("S4L_LOG", variable);
}

}  // namespace

Log log_from(const Arguments& arguments) {
  choose_log_format(arguments);
  check(!arguments.on("quiet") || !arguments.on("verbose"), "--quiet and --verbose contradict each other: give one");
  Terminal terminal = terminal_of(2);
  terminal.moving = terminal.moving && !arguments.on("no-progress");
  terminal.colour = terminal.colour && !arguments.on("no-color");
  return Log(arguments.on("quiet")     ? Log::Level::quiet
             : arguments.on("verbose") ? Log::Level::verbose
                                       : Log::Level::normal,
             terminal);
}

}  // namespace s4l::apps
