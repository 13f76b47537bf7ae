// Several methods on the same labels for as many steps or as much time, run by run, and the tables of what came out.
#include <algorithm>
#include <chrono>
#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "s4l/apps/commands.h"
#include "s4l/apps/compare_request.h"
#include "s4l/apps/compare_table.h"
#include "s4l/apps/config.h"
#include "s4l/apps/exit_code.h"
#include "s4l/apps/lock.h"
#include "s4l/apps/log_options.h"
#include "s4l/apps/run_folder.h"
#include "s4l/apps/run_report.h"
#include "s4l/apps/run_training.h"
#include "s4l/apps/settings.h"
#include "s4l/apps/stop.h"
#include "s4l/apps/table.h"
#include "s4l/core/device/device.h"
#include "s4l/core/error.h"
#include "s4l/core/io/file.h"

namespace s4l::apps {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

std::string settings_file(const CompareRequest& request, const CompareEntry& entry) {
  return fmt::format("{}/{}.toml", request.folder, entry.file_name);
}

/// Of what was measured several times the one in the middle: other work on the machine makes some slow.
double median_step_seconds(const methods::Run& run) {
  std::vector<double> seconds;
  for (int i = 0; i < 3; ++i) {
    methods::Plan plan;
    run.measure(plan);
    seconds.push_back(plan.seconds_per_step);
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds[1];
}

/// The steps that a comparison in this folder began with, 0 if there is none: a time measured again would differ.
std::int64_t settled_steps(const CompareRequest& request, const CompareEntry& entry) {
  const std::string file = settings_file(request, entry);
  if (!request.equal_time || !fs::exists(file)) return 0;
  methods::RunOptions settled;
  settled.method = entry.options.method;
  overlay(layer_from_toml(io::read_file(file), file), settled);
  return settled.steps;
}

/// Gives every entry the steps of its runs: the first one's, or as many as take as much time.
void settle_budget(CompareRequest& request) {
  double seconds = 0;
  std::int64_t steps = 0;
  for (CompareEntry& entry : request.entries) {
    const bool first = &entry == &request.entries[0];
    if (!first) {
      entry.options.epochs = 0;
      entry.options.steps = steps;
    }
    const std::int64_t settled = settled_steps(request, entry);
    const methods::Run run(request.options_of(entry, request.first_seed));
    if (first) steps = run.options().steps;
    check(run.options().steps == steps, "compare: expected {} to take {} steps, got {}: its --sched says how many",
          entry.name, steps, run.options().steps);
    entry.options.epochs = 0;
    entry.options.steps = steps;
    if (!request.equal_time) continue;
    const double step_seconds = settled > 0 && seconds > 0 ? 1 : median_step_seconds(run);
    if (first) seconds = step_seconds * static_cast<double>(steps);
    entry.options.steps = first         ? steps
                          : settled > 0 ? settled
                                        : std::max<std::int64_t>(1, std::llround(seconds / step_seconds));
  }
}

/// What all runs of an entry share, as TOML: without the seed, and without what changes no result.
std::string shared_settings(const CompareEntry& entry) {
  methods::RunOptions options = entry.options;
  options.seed = 0;
  for (const Setting& setting : settings())
    if (setting.free_on_resume) set_from_text(setting, options, text_of(setting, methods::RunOptions()));
  return to_toml(options);
}

std::string first_difference(const std::string& was, const std::string& is) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i < std::min(was.size(), is.size()) && was[i] == is[i]; ++i)
    if (is[i] == '\n') begin = i + 1;
  const auto line = [begin](const std::string& text) { return text.substr(begin, text.find('\n', begin) - begin); };
  return fmt::format("\"{}\", not \"{}\"", line(was), line(is));
}

/// A folder holds one comparison: runs with other settings would be paired with these.
void settle_folder(const CompareRequest& request) {
  io::make_folder(request.folder);
  for (const CompareEntry& entry : request.entries) {
    const std::string file = settings_file(request, entry), text = shared_settings(entry);
    if (!fs::exists(file)) io::save_atomically(file, text);
    const std::string was = io::read_file(file);
    check(was == text, "compare: {} says {}; give the same settings or another --output", file,
          first_difference(was, text));
  }
}

bool is_finished(const std::string& folder) { return fs::exists(folder + "/result.json"); }

bool wanted(const CompareRequest& request, const CompareEntry& entry) {
  return request.only.empty() || std::count(request.only.begin(), request.only.end(), entry.name) > 0;
}

/// One run, from the start or from where it was stopped; false if it was stopped (again).
bool run_one(const CompareRequest& request, const CompareEntry& entry, std::uint64_t seed, double seconds, Log& log) {
  const std::string folder = request.run_folder(entry, seed);
  methods::Run run(request.options_of(entry, seed));
  io::make_folder(folder);
  const FolderLock lock(folder);
  const bool resume = fs::exists(folder + "/checkpoints/last.s4l");
  if (!resume) clear_run(folder);
  if (!resume) write_description(folder, run, fmt::format("s4l compare, {} with seed {}", entry.name, seed));
  log.write_to(folder + "/train.log");
  const methods::RunResult result = train_in(folder, run, run.plan(), resume, log, seconds);
  log.write_to("");
  if (result.stopped) return false;
  io::save_atomically(folder + "/result.json", result_json(run, result, folder).dump(2) + "\n");
  return true;
}

std::vector<ComparedMethod> finished_runs(const CompareRequest& request) {
  std::vector<ComparedMethod> methods;
  for (const CompareEntry& entry : request.entries) {
    ComparedMethod& method = methods.emplace_back(ComparedMethod{entry.name, {}});
    for (std::uint64_t seed = request.first_seed; seed <= request.last_seed; ++seed)
      if (const std::string folder = request.run_folder(entry, seed); is_finished(folder))
        method.runs.emplace(static_cast<long long>(seed), read_compared(folder));
  }
  check_same_splits(methods);
  return methods;
}

void show(const CompareRequest& request, Log& log) {
  const std::vector<ComparedMethod> methods = finished_runs(request);
  const std::string text = comparison_text(methods, request.reference, request.seeds());
  io::save_atomically(request.folder + "/table.md", text);
  io::save_atomically(request.folder + "/runs.csv", runs_csv(methods));
  io::save_atomically(request.folder + "/pairs.csv", pairs_csv(methods));
  log.clear();
  fmt::print("{}", text);
  log.line(fmt::format("files: {}: table.md, runs.csv, pairs.csv, one folder per run", request.folder));
}

int dry_run(const CompareRequest& request) {
  Table table;
  table.row({"method", "runs to do", "steps", "a step", "a run", "all"});
  double all = 0;
  for (const CompareEntry& entry : request.entries) {
    long long left = 0;
    for (std::uint64_t seed = request.first_seed; seed <= request.last_seed; ++seed)
      left += wanted(request, entry) && !is_finished(request.run_folder(entry, seed));
    const methods::Run run(request.options_of(entry, request.first_seed));
    methods::Plan plan = run.plan();
    run.measure(plan);
    const double seconds = plan.seconds();
    table.row({entry.name, std::to_string(left), with_commas(plan.steps),
               fmt::format("{:.1f} ms", 1000 * plan.seconds_per_step), clock(seconds),
               clock(seconds * static_cast<double>(left))});
    all += seconds * static_cast<double>(left);
  }
  fmt::print("{}all together {} on {}\n", table.text(), clock(all), counted(num_threads(), "thread"));
  return kSuccess;
}

int run_all(const CompareRequest& request, Log& log) {
  const Clock::time_point start = Clock::now();
  for (std::uint64_t seed = request.first_seed; seed <= request.last_seed; ++seed)
    for (const CompareEntry& entry : request.entries) {
      if (!wanted(request, entry) || is_finished(request.run_folder(entry, seed))) continue;
      const double left = request.seconds - std::chrono::duration<double>(Clock::now() - start).count();
      const bool time_is_up = request.seconds > 0 && left <= 0;
      if (!time_is_up) log.line(fmt::format("-- {}, seed {}", entry.name, seed));
      if (time_is_up || !run_one(request, entry, seed, request.seconds > 0 ? left : 0, log)) {
        log.warning("stopped and saved; the same command goes on");
        return requested_stop() == kInterrupted ? kInterrupted : kStoppedAndSaved;
      }
    }
  return kSuccess;
}

int compare(const Arguments& arguments) {
  CompareRequest request = compare_request_from(arguments);
  Log log = log_from(arguments);
  settle_budget(request);
  if (request.dry_run) return dry_run(request);
  catch_stop_signals();
  settle_folder(request);
  const int code = run_all(request, log);
  show(request, log);
  return code;
}

}  // namespace

Command compare_command() { return {"compare", nullptr, compare_line, compare}; }

}  // namespace s4l::apps
