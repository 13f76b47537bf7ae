#pragma once
#include "s4l/apps/exit_code.h"

namespace s4l::apps {

/// From now on SIGTERM, SIGUSR1 and the first Ctrl-C ask for a stop instead of ending the process; a second Ctrl-C ends
/// it. A closed pipe on a stream no longer does.
void catch_stop_signals();
/// kSuccess while nobody asked; else the exit code that the stop is to have.
ExitCode requested_stop();

/// Seconds in "2h", "30m" or "90s"; an error says so.
double seconds_from(const char* option, const char* text);

}  // namespace s4l::apps
