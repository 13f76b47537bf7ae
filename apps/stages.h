#pragma once
#include <string>
#include <vector>

#include "s4l/apps/log.h"
#include "s4l/apps/run_request.h"

namespace s4l::apps {

/// Whether the options ask for all stages of a method that has several (`s4l run moam` without --stage).
bool asks_for_stages(const methods::RunOptions& options);

/// The request's options as each stage has them.
std::vector<methods::RunOptions> options_of_stages(const RunRequest& request, const Arguments& arguments);
/// "stage 2 of 3: guesses", of the stage with those options.
std::string stage_title(const methods::RunOptions& options);

/// Runs one training in request.folder, new or continued; returns the exit code.
using RunOne = int (*)(const RunRequest& request, const Arguments& arguments, Log& log);

/// Runs the stages one after another, each in a folder of its own below that of the request. Continued, it goes on with
/// the first stage that is not finished.
int run_stages(const RunRequest& request, const Arguments& arguments, Log& log, RunOne run_one);

}  // namespace s4l::apps
