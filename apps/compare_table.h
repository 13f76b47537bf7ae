#pragma once
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace s4l::apps {

/// What a finished run of a comparison gave.
struct ComparedRun {
  std::string folder, split;
  double top1 = 0;
  double rot_avg = -1;  ///< with the mean of four rotations; negative: not evaluated
  double seconds = 0;
  std::vector<long long> steps;  ///< of each of its trainings
};

/// The runs of one row by seed.
struct ComparedMethod {
  std::string name;
  std::map<long long, ComparedRun> runs;
  std::set<long long> failed;  ///< seeds whose run diverged: without a figure
};

/// Reads the result.json of each of a run's trainings; the last one's test counts.
ComparedRun read_compared(const std::string& folder, const std::vector<std::string>& trainings);
/// Throws Error(data) where runs of one seed learned from different labels.
void check_same_splits(const std::vector<ComparedMethod>& methods);

/// The Markdown tables: each method's accuracy with its paired difference to `reference`, and all paired differences;
/// `seeds` were asked for.
std::string comparison_text(const std::vector<ComparedMethod>& methods, const std::string& reference, long long seeds);
/// One row per run.
std::string runs_csv(const std::vector<ComparedMethod>& methods);
/// One row per pair of methods: the mean of the paired differences with its 95 % interval, in points.
std::string pairs_csv(const std::vector<ComparedMethod>& methods);

}  // namespace s4l::apps
