#pragma once
#include <string>

#include "s4l/apps/log.h"
#include "s4l/core/io/json.h"
#include "s4l/methods/training/run.h"

namespace s4l::apps {

/// Names each damaged picture that was left out, with its reason, and counts them.
void tell_damaged(Log& log, const data::Dataset& dataset);
/// The resolved facts before a run: "things: 10 % -> 50 labelled of 500 pictures, 5 per class; ...".
void tell_plan(Log& log, const methods::Run& run, const methods::Plan& plan);
/// What followed from the pictures and the device because nobody said it; nothing where all was said.
void tell_chosen(Log& log, const methods::RunOptions& asked, const methods::RunOptions& used);
io::Json plan_json(const methods::Run& run, const methods::Plan& plan);
/// The summary table after a run.
std::string result_text(const methods::Run& run, const methods::RunResult& result, const std::string& folder);
io::Json result_json(const methods::Run& run, const methods::RunResult& result, const std::string& folder);
/// What environment.json holds: machine, build, command line, split, time.
io::Json environment_json(const methods::Run& run, const std::string& command_line);

}  // namespace s4l::apps
