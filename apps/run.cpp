#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "s4l/apps/commands.h"
#include "s4l/apps/config.h"
#include "s4l/apps/exit_code.h"
#include "s4l/apps/lock.h"
#include "s4l/apps/log_options.h"
#include "s4l/apps/report.h"
#include "s4l/apps/run_folder.h"
#include "s4l/apps/run_report.h"
#include "s4l/apps/run_request.h"
#include "s4l/apps/run_training.h"
#include "s4l/apps/stages.h"
#include "s4l/apps/stop.h"
#include "s4l/apps/table.h"
#include "s4l/core/device/device.h"

namespace s4l::apps {
namespace {

/// Measures a step and tells what the run would take.
methods::Plan tell_costs(methods::Run& run, const methods::RunOptions& asked, Log& log) {
  methods::Plan plan = run.plan();
  run.measure(plan);
  tell_chosen(log, asked, run.options());
  tell_plan(log, run, plan);
  return plan;
}

int dry_run_stages(const RunRequest& request, const Arguments& arguments, Log& log) {
  const std::vector<methods::RunOptions> stages = options_of_stages(request, arguments);
  for (const methods::RunOptions& stage : stages) {
    log.line(stage_title(stage));
    methods::Run run(stage, methods::Start::assumed);
    tell_costs(run, stage, log);
  }
  fmt::print("{}", to_toml(stages));
  return kSuccess;
}

int dry_run(const RunRequest& request, Log& log) {
  methods::Run run(request.options);
  const methods::Plan plan = tell_costs(run, request.options, log);
  if (request.json)
    fmt::print("{}\n", plan_json(run, plan).dump(2));
  else
    fmt::print("{}", to_toml(run.options()));
  return kSuccess;
}

int train(methods::Run& run, const RunRequest& request, const std::string& folder, Log& log) {
  methods::Plan plan = run.plan();
  if (request.options.steps == 0 && request.options.epochs == 0) run.measure(plan);  // who did not choose wants to know
  tell_chosen(log, request.options, run.options());
  const methods::RunResult result = train_in(folder, run, plan, request.resume, log, request.seconds);
  if (result.stopped) {
    log.warning(fmt::format("stopped at step {} of {} and saved; to go on: s4l run --resume {}", result.steps,
                            run.options().steps, folder));
    return requested_stop() == kInterrupted ? kInterrupted : kStoppedAndSaved;
  }
  const std::string summary = result_text(run, result, folder);
  if (!request.last) {
    std::istringstream lines(summary);
    for (std::string line; std::getline(lines, line);) log.line(line);
    return kSuccess;
  }
  log.file_only(summary);
  log.clear();
  fmt::print("{}", request.json ? result_json(run, result, folder).dump(2) + "\n" : summary);
  return kSuccess;
}

int run_one(const RunRequest& request, const Arguments& arguments, Log& log) {
  if (request.resume) {
    const FolderLock lock(request.folder);
    methods::Run resumed(request.options);
    log.write_to(request.folder + "/train.log");
    return train(resumed, request, request.folder, log);
  }
  // The folder comes after everything that a wrong option or missing data can stop.
  methods::Run fresh(request.options);
  const std::string folder = make_run_folder(request.folder, fresh.options(), request.name);
  const FolderLock lock(folder);
  if (request.overwrite) clear_run(folder);
  write_description(folder, fresh, fmt::format("s4l run {}", fmt::join(arguments.words, " ")));
  log.write_to(folder + "/train.log");
  return train(fresh, request, folder, log);
}

int run(const Arguments& arguments) {
  const RunRequest request = request_from(arguments);
  Log log = log_from(arguments);
  if (const std::string why = why_no_gpu(); !why.empty()) log.line("no GPU, so the CPU computes: " + why);
  const bool stages = asks_for_stages(request.options);
  if (request.dry_run) return stages ? dry_run_stages(request, arguments, log) : dry_run(request, log);
  catch_stop_signals();
  return stages ? run_stages(request, arguments, log, run_one) : run_one(request, arguments, log);
}

}  // namespace

Command run_command() { return {"run", "train", run_line, run}; }

}  // namespace s4l::apps
