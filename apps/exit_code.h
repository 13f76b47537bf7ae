#pragma once

namespace s4l::apps {

/// What the program's exit status says.
enum ExitCode {
  kSuccess = 0,
  kFailed = 1,            ///< data, input and output, device, a loss that is not finite
  kUsage = 2,             ///< an option, a configuration, an argument
  kThresholdMissed = 3,   ///< finished, but a stated threshold was missed
  kStoppedAndSaved = 75,  ///< SIGTERM, SIGUSR1 or the time was up: saved, safe to resume
  kInterrupted = 130,     ///< Ctrl-C: saved where there was something to save
};

}  // namespace s4l::apps
