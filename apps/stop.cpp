#include "s4l/apps/stop.h"

#include <charconv>
#include <csignal>
#include <string_view>

#include "s4l/core/error.h"

namespace s4l::apps {
namespace {

volatile std::sig_atomic_t stop_code = kSuccess;

void handle(int signal) { stop_code = signal == SIGINT ? kInterrupted : kStoppedAndSaved; }

void set_handler(int signal, void (*handler)(int), int flags) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigaction(signal, &action, nullptr);
}

}  // namespace

void catch_stop_signals() {
  set_handler(SIGTERM, handle, SA_RESTART);
  set_handler(SIGUSR1, handle, SA_RESTART);
  set_handler(SIGINT, handle, SA_RESTART | static_cast<int>(SA_RESETHAND));  // the second one acts as by default
  set_handler(SIGPIPE, SIG_IGN, 0);
}

ExitCode requested_stop() { return static_cast<ExitCode>(static_cast<int>(stop_code)); }

double seconds_from(const char* option, const char* text) {
  const std::string_view word(text);
  double number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(word.data() + word.size() - end));
  const double seconds = unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 0;
  check(error == std::errc() && seconds > 0 && number > 0, "{}: expected a time such as 90s, 30m or 2h, got \"{}\"",
        option, word);
  return number * seconds;
}

}  // namespace s4l::apps
