#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace s4l::methods {

/// The numbers of a run by step: metrics.jsonl grows a line at a time, metrics.csv is written whole by save(). An empty
/// folder name keeps them in memory alone.
class MetricsLog {
 public:
  using Values = std::vector<std::pair<std::string, double>>;

  explicit MetricsLog(std::string folder) : folder_(std::move(folder)) {}

  /// Takes up the log of a run that continues after `step`: later rows are dropped, for they come again.
  void resume(std::int64_t step);
  void add(std::int64_t step, const Values& values);
  /// Writes metrics.csv: one column per tag, empty where a row has none.
  void save() const;

 private:
  std::string folder_;
  std::vector<std::pair<std::int64_t, Values>> rows_;
};

}  // namespace s4l::methods
