#include "s4l/apps/compare_budget.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>

#include <fmt/format.h>

#include "s4l/apps/config.h"
#include "s4l/apps/settings.h"
#include "s4l/core/error.h"
#include "s4l/core/io/file.h"
#include "s4l/methods/training/run.h"

namespace s4l::apps {
namespace {

namespace fs = std::filesystem;

/// One training of an entry as its recipe has it: what the others get is in proportion to it.
struct Share {
  std::int64_t steps = 0;
  double seconds_per_step = 0, seconds_before = 0;  ///< before: for the guesses that it learns from
};

using Steps = std::vector<std::int64_t>;

std::string settings_file(const CompareRequest& request, const CompareEntry& entry) {
  return fmt::format("{}/{}.toml", request.folder, entry.file_name);
}

/// Of what was measured several times the one in the middle: other work on the machine makes some slow.
Share measured(methods::Run& run) {
  std::vector<Share> shares;
  for (int i = 0; i < 3; ++i) {
    methods::Plan plan = run.plan();
    run.measure(plan);
    shares.push_back({plan.steps, plan.seconds_per_step, plan.seconds_of_guesses()});
  }
  const auto faster = [](const Share& a, const Share& b) { return a.seconds_per_step < b.seconds_per_step; };
  std::sort(shares.begin(), shares.end(), faster);
  return shares[1];
}

std::vector<Share> shares_of(const CompareRequest& request, const CompareEntry& entry) {
  std::vector<Share> shares;
  for (const methods::RunOptions& options : request.trainings_of(entry, request.first_seed)) {
    methods::Run run(options, methods::Start::assumed);
    shares.push_back(request.equal_time ? measured(run) : Share{run.options().steps});
  }
  return shares;
}

/// `total` steps in the proportion of the shares, to the last one.
Steps shared_out(const std::vector<Share>& shares, std::int64_t total) {
  std::int64_t all = 0;
  for (const Share& share : shares) all += share.steps;
  Steps steps;
  for (const Share& share : shares)
    steps.push_back(
        std::llround(static_cast<double>(total) * static_cast<double>(share.steps) / static_cast<double>(all)));
  for (std::size_t i = 0; i + 1 < steps.size(); ++i) total -= steps[i];
  steps.back() = total;
  return steps;
}

double seconds_of(const std::vector<Share>& shares, const Steps& steps) {
  double seconds = 0;
  for (std::size_t i = 0; i < shares.size(); ++i)
    seconds += shares[i].seconds_before + shares[i].seconds_per_step * static_cast<double>(steps[i]);
  return seconds;
}

/// As many steps, in that proportion, as take `seconds` with the guesses between them; at least one each.
Steps fitted_into(const std::vector<Share>& shares, double seconds) {
  double training = 0;
  for (const Share& share : shares) {
    training += share.seconds_per_step * static_cast<double>(share.steps);
    seconds -= share.seconds_before;
  }
  Steps steps;
  for (const Share& share : shares)
    steps.push_back(std::max<std::int64_t>(1, std::llround(seconds / training * static_cast<double>(share.steps))));
  return steps;
}

/// The steps that a comparison in this folder began with, none if there is none: a time measured again would differ.
Steps settled_steps(const CompareRequest& request, const CompareEntry& entry) {
  const std::string file = settings_file(request, entry);
  Steps steps;
  if (!request.equal_time || !fs::exists(file)) return steps;
  const Layer layer = layer_from_toml(io::read_file(file), file);
  for (const methods::RunOptions& options : entry.trainings) {
    methods::RunOptions settled;
    settled.method = options.method;
    settled.stage = options.stage;
    overlay(layer, settled);
    steps.push_back(settled.steps);
  }
  return steps;
}

void give(CompareEntry& entry, const std::vector<Share>& shares, const Steps& steps) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    methods::RunOptions& options = entry.trainings[i];
    check(steps[i] > 0, "compare: expected 1 step or more for each of the {} stages of {}, got {} for all together",
          steps.size(), entry.name, std::accumulate(steps.begin(), steps.end(), std::int64_t{0}));
    check(options.sched == "cosine" || shares.empty() || shares[i].steps == steps[i],
          "compare: expected {} to take {} steps, got {}: its --sched says how many", entry.name, steps[i],
          shares.empty() ? 0 : shares[i].steps);
    options.epochs = 0;
    options.steps = steps[i];
  }
  entry.options.epochs = 0;
  if (!entry.chained()) entry.options = entry.trainings[0];
}

/// What all runs of an entry share, as TOML: without the seed, and without what changes no result.
std::string shared_settings(const CompareEntry& entry) {
  const auto shared = [](methods::RunOptions options) {
    options.seed = 0;
    for (const Setting& setting : settings())
      if (setting.free_on_resume) set_from_text(setting, options, text_of(setting, methods::RunOptions()));
    return options;
  };
  if (!entry.chained()) return to_toml(shared(entry.options));
  std::vector<methods::RunOptions> trainings;
  for (const methods::RunOptions& options : entry.trainings) trainings.push_back(shared(options));
  return to_toml(trainings);
}

std::string first_difference(const std::string& was, const std::string& is) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i < std::min(was.size(), is.size()) && was[i] == is[i]; ++i)
    if (is[i] == '\n') begin = i + 1;
  const auto line = [begin](const std::string& text) { return text.substr(begin, text.find('\n', begin) - begin); };
  return fmt::format("\"{}\", not \"{}\"", line(was), line(is));
}

}  // namespace

void settle_budget(CompareRequest& request) {
  std::int64_t total = request.steps;
  double seconds = 0;
  for (CompareEntry& entry : request.entries) {
    const bool first = &entry == &request.entries[0];
    const Steps settled = first ? Steps() : settled_steps(request, entry);
    if (!settled.empty()) {
      give(entry, {}, settled);
      continue;
    }
    const std::vector<Share> shares = shares_of(request, entry);
    if (first && total == 0)
      for (const Share& share : shares) total += share.steps;
    const Steps steps = first || !request.equal_time ? shared_out(shares, total) : fitted_into(shares, seconds);
    give(entry, shares, steps);
    if (first) seconds = seconds_of(shares, steps);
  }
}

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

}  // namespace s4l::apps
