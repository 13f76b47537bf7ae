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
#include "s4l/apps/stop.h"
#include "s4l/apps/table.h"

namespace s4l::apps {
namespace {

int dry_run(const RunRequest& request, Log& log) {
  methods::Run run(request.options);
  methods::Plan plan = run.plan();
  run.measure(plan);
  tell_plan(log, run, plan);
  if (request.json)
    fmt::print("{}\n", plan_json(run, plan).dump(2));
  else
    fmt::print("{}", to_toml(run.options()));
  return kSuccess;
}

int train(methods::Run& run, const RunRequest& request, const std::string& folder, Log& log) {
  const methods::RunResult result = train_in(folder, run, request.resume, log, request.seconds);
  if (result.stopped) {
    log.warning(fmt::format("stopped at step {} of {} and saved; to go on: s4l run --resume {}", result.steps,
                            run.options().steps, folder));
    return requested_stop() == kInterrupted ? kInterrupted : kStoppedAndSaved;
  }
  const std::string summary = result_text(run, result, folder);
  log.file_only(summary);
  log.clear();
  fmt::print("{}", request.json ? result_json(run, result, folder).dump(2) + "\n" : summary);
  return kSuccess;
}

int run(const Arguments& arguments) {
  const RunRequest request = request_from(arguments);
  Log log = log_from(arguments);
  if (request.dry_run) return dry_run(request, log);
  catch_stop_signals();
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

}  // namespace

Command run_command() { return {"run", "train", run_line, run}; }

}  // namespace s4l::apps
