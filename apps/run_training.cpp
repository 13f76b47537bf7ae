#include "s4l/apps/run_training.h"

#include <chrono>

#include <fmt/format.h>

#include "s4l/apps/config.h"
#include "s4l/apps/progress.h"
#include "s4l/apps/run_report.h"
#include "s4l/apps/stop.h"
#include "s4l/apps/table.h"
#include "s4l/core/io/file.h"

namespace s4l::apps {
namespace {

using Clock = std::chrono::steady_clock;

methods::RunCallbacks callbacks_for(Log& log, Progress& progress, double seconds) {
  methods::RunCallbacks callbacks;
  callbacks.on_log = [&progress](const methods::LogRow& row) { progress.show(row); };
  callbacks.on_warning = [&log](const std::string& text) { log.warning(text); };
  callbacks.on_validation = [&log](std::int64_t step, const methods::Evaluation& val) {
    const methods::Interval interval = methods::wilson(val.unrotated.top1, val.unrotated.n);
    log.line(fmt::format("step {}: validation top-1 {} ({:.1f} – {:.1f}) of {}", step,
                         percent(val.unrotated.accuracy()), 100 * interval.low, 100 * interval.high,
                         counted(val.unrotated.n, "picture")));
  };
  const Clock::time_point start = Clock::now();
  callbacks.should_stop = [start, seconds] {
    return requested_stop() != kSuccess ||
           (seconds > 0 && std::chrono::duration<double>(Clock::now() - start).count() >= seconds);
  };
  return callbacks;
}

}  // namespace

void write_description(const std::string& folder, const methods::Run& run, const std::string& command) {
  io::save_atomically(folder + "/config.toml", to_toml(run.options()));
  io::save_atomically(folder + "/environment.json", environment_json(run, command).dump(2) + "\n");
}

methods::RunResult train_in(const std::string& folder, methods::Run& run, const methods::Plan& plan, bool resume,
                            Log& log, double seconds) {
  tell_plan(log, run, plan);
  log.line(fmt::format("{} {}", resume ? "continuing" : "writing to", folder));
  Progress progress(log, static_cast<double>(plan.labelled) / static_cast<double>(run.options().batch_size));
  return run.train(folder, resume, callbacks_for(log, progress, seconds));
}

}  // namespace s4l::apps
