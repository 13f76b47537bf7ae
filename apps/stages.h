#pragma once
#include "s4l/apps/log.h"
#include "s4l/apps/run_request.h"

namespace s4l::apps {

/// Whether the options ask for all stages of a method that has several (`s4l run moam` without --stage).
bool asks_for_stages(const methods::RunOptions& options);

/// Runs one training in request.folder, new or continued; returns the exit code.
using RunOne = int (*)(const RunRequest& request, const Arguments& arguments, Log& log);

/// Runs the stages one after another, each in a folder of its own below that of the request. Continued, it goes on with
/// the first stage that is not finished.
int run_stages(const RunRequest& request, const Arguments& arguments, Log& log, RunOne run_one);

/// Prints the settings of all stages, as the folder's config.toml will hold them.
void print_stages(const RunRequest& request, const Arguments& arguments);

}  // namespace s4l::apps
