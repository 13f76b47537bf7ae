// Several methods on the same labels for as many steps or as much time, run by run, and the tables of what came out.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "s4l/apps/commands.h"
#include "s4l/apps/compare_budget.h"
#include "s4l/apps/compare_request.h"
#include "s4l/apps/compare_table.h"
#include "s4l/apps/exit_code.h"
#include "s4l/apps/lock.h"
#include "s4l/apps/log_options.h"
#include "s4l/apps/run_folder.h"
#include "s4l/apps/run_report.h"
#include "s4l/apps/run_training.h"
#include "s4l/apps/stop.h"
#include "s4l/apps/table.h"
#include "s4l/core/device/device.h"
#include "s4l/core/error.h"
#include "s4l/core/io/file.h"
#include "s4l/methods/training/chain.h"
#include "s4l/methods/training/run.h"

namespace s4l::apps {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
/// The seeds with which a method diverged, by the entry's name.
using FailedSeeds = std::map<std::string, std::set<long long>>;

bool is_finished(const std::string& folder) { return fs::exists(folder + "/result.json"); }

bool is_finished(const CompareRequest& request, const CompareEntry& entry, std::uint64_t seed) {
  return is_finished(request.training_folders(entry, seed).back());
}

bool wanted(const CompareRequest& request, const CompareEntry& entry) {
  return request.only.empty() || std::count(request.only.begin(), request.only.end(), entry.name) > 0;
}

/// One training, from the start or from where it was stopped; false if it was stopped (again).
bool train_one(const CompareEntry& entry, const methods::RunOptions& options, const std::string& folder, double seconds,
               Log& log) {
  methods::Run run(options);
  io::make_folder(folder);
  const bool resume = fs::exists(folder + "/checkpoints/last.s4l");
  if (!resume) clear_run(folder);
  if (!resume) write_description(folder, run, fmt::format("s4l compare, {} with seed {}", entry.name, options.seed));
  log.write_to(folder + "/train.log");
  const methods::RunResult result = train_in(folder, run, run.plan(), resume, log, seconds);
  log.write_to("");
  if (result.stopped) return false;
  io::save_atomically(folder + "/result.json", result_json(run, result, folder).dump(2) + "\n");
  return true;
}

/// All trainings of one run that are not finished; false if one was stopped. `seconds_left`: 0 for no end.
bool run_one(const CompareRequest& request, const CompareEntry& entry, std::uint64_t seed,
             const std::function<double()>& seconds_left, Log& log) {
  const std::string whole = request.run_folder(entry, seed);
  const std::vector<std::string> folders = request.training_folders(entry, seed);
  const std::vector<methods::RunOptions> trainings = request.trainings_of(entry, seed);
  io::make_folder(whole);
  const FolderLock lock(whole);
  for (std::size_t i = 0; i < folders.size(); ++i) {
    if (is_finished(folders[i])) continue;
    const auto number = static_cast<int>(i) + 1;
    const methods::RunOptions options =
        entry.chained() ? methods::Chain(trainings, whole).prepare(number) : trainings[i];
    if (!train_one(entry, options, folders[i], seconds_left(), log)) return false;
  }
  return true;
}

/// As run_one; a run that diverges is told and noted in `failed`, for the others can go on.
bool run_or_note(const CompareRequest& request, const CompareEntry& entry, std::uint64_t seed,
                 const std::function<double()>& seconds_left, Log& log, FailedSeeds& failed) {
  try {
    return run_one(request, entry, seed, seconds_left, log);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::numeric) throw;
    log.warning(fmt::format("{} with seed {} failed: {}", entry.name, seed, error.what()));
  }
  log.write_to("");
  failed[entry.name].insert(static_cast<long long>(seed));
  return true;
}

std::vector<ComparedMethod> runs_so_far(const CompareRequest& request, const FailedSeeds& failed) {
  std::vector<ComparedMethod> methods;
  for (const CompareEntry& entry : request.entries) {
    ComparedMethod& method = methods.emplace_back(ComparedMethod{entry.name, {}, {}});
    if (const auto seeds = failed.find(entry.name); seeds != failed.end()) method.failed = seeds->second;
    for (std::uint64_t seed = request.first_seed; seed <= request.last_seed; ++seed)
      if (is_finished(request, entry, seed))
        method.runs.emplace(static_cast<long long>(seed),
                            read_compared(request.run_folder(entry, seed), request.training_folders(entry, seed)));
  }
  check_same_splits(methods);
  return methods;
}

void show(const CompareRequest& request, const FailedSeeds& failed, Log& log) {
  const std::vector<ComparedMethod> methods = runs_so_far(request, failed);
  const std::string text = comparison_text(methods, request.reference, request.seeds());
  io::save_atomically(request.folder + "/table.md", text);
  io::save_atomically(request.folder + "/runs.csv", runs_csv(methods));
  io::save_atomically(request.folder + "/pairs.csv", pairs_csv(methods));
  log.clear();
  fmt::print("{}", text);
  log.line(fmt::format("files: {}: table.md, runs.csv, pairs.csv, one folder per run", request.folder));
}

/// A row of the dry run's table; returns the seconds of all runs that are left.
double add_plan(const CompareRequest& request, const CompareEntry& entry, Table& table) {
  long long left = 0;
  for (std::uint64_t seed = request.first_seed; seed <= request.last_seed; ++seed)
    left += wanted(request, entry) && !is_finished(request, entry, seed);
  std::vector<std::string> steps, step;
  double seconds = 0;
  for (const methods::RunOptions& options : request.trainings_of(entry, request.first_seed)) {
    methods::Run run(options, methods::Start::assumed);
    methods::Plan plan = run.plan();
    run.measure(plan);
    steps.push_back(with_commas(plan.steps));
    step.push_back(fmt::format("{:.1f}", 1000 * plan.seconds_per_step));
    seconds += plan.seconds();
  }
  table.row({entry.name, std::to_string(left), fmt::format("{}", fmt::join(steps, " + ")),
             fmt::format("{} ms", fmt::join(step, ", ")), clock(seconds), clock(seconds * static_cast<double>(left))});
  return seconds * static_cast<double>(left);
}

int dry_run(const CompareRequest& request) {
  Table table;
  table.row({"method", "runs to do", "steps", "a step", "a run", "all"});
  double all = 0;
  for (const CompareEntry& entry : request.entries) all += add_plan(request, entry, table);
  fmt::print("{}all together {} on {}\n", table.text(), clock(all), counted(num_threads(), "thread"));
  return kSuccess;
}

int run_all(const CompareRequest& request, Log& log, FailedSeeds& failed) {
  const Clock::time_point start = Clock::now();
  const auto used = [start] { return std::chrono::duration<double>(Clock::now() - start).count(); };
  const auto left = [&] { return request.seconds > 0 ? std::max(1e-3, request.seconds - used()) : 0; };
  for (std::uint64_t seed = request.first_seed; seed <= request.last_seed; ++seed)
    for (const CompareEntry& entry : request.entries) {
      if (!wanted(request, entry) || is_finished(request, entry, seed)) continue;
      const bool time_is_up = request.seconds > 0 && used() >= request.seconds;
      if (!time_is_up) log.line(fmt::format("-- {}, seed {}", entry.name, seed));
      if (time_is_up || !run_or_note(request, entry, seed, left, log, failed)) {
        log.warning("stopped and saved; the same command goes on");
        return requested_stop() == kInterrupted ? kInterrupted : kStoppedAndSaved;
      }
    }
  return failed.empty() ? kSuccess : kFailed;
}

int compare(const Arguments& arguments) {
  CompareRequest request = compare_request_from(arguments);
  Log log = log_from(arguments);
  settle_budget(request);
  if (request.dry_run) return dry_run(request);
  catch_stop_signals();
  settle_folder(request);
  FailedSeeds failed;
  const int code = run_all(request, log, failed);
  show(request, failed, log);
  return code;
}

}  // namespace

Command compare_command() { return {"compare", nullptr, compare_line, compare}; }

}  // namespace s4l::apps
