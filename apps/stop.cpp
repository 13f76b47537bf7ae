#include "s4l/apps/stop.h"

#include <atomic>
#include <csignal>

namespace s4l::apps {
namespace {

std::atomic<int> stop_code{kSuccess};  // lock-free: a handler may run on any thread
static_assert(std::atomic<int>::is_always_lock_free);

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

ExitCode requested_stop() { return static_cast<ExitCode>(stop_code.load()); }

}  // namespace s4l::apps
