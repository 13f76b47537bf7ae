#pragma once
#include <string>

#include "s4l/apps/log.h"
#include "s4l/methods/training/run.h"

namespace s4l::apps {

/// Writes config.toml and environment.json of a run that `command` starts in `folder`.
void write_description(const std::string& folder, const methods::Run& run, const std::string& command);
/// Tells the plan, trains in `folder` (from its newest checkpoint with `resume`) and shows the progress. It stops and
/// saves when a signal asks for it or after `seconds` (0: never).
methods::RunResult train_in(const std::string& folder, methods::Run& run, const methods::Plan& plan, bool resume,
                            Log& log, double seconds);

}  // namespace s4l::apps
