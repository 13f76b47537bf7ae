#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace s4l::methods {

/// The numbers of a run by step: metrics.jsonl grows a line at a time, metrics.csv is written whole by save(). What a
/// full disk refused comes with the next write. An empty folder name keeps them in memory alone.
class MetricsLog {
 public:
  using Values = std::vector<std::pair<std::string, double>>;
  using Row = std::pair<std::int64_t, Values>;  ///< of a step

  explicit MetricsLog(std::string folder) : folder_(std::move(folder)) {}

  /// Takes up the log of a run that continues after `step`: later rows are dropped, for they come again.
  void resume(std::int64_t step);
  void add(std::int64_t step, const Values& values);
  /// Writes metrics.csv: one column per tag, empty where a row has none.
  void save();
  const std::vector<Row>& rows() const { return rows_; }

 private:
  void rewrite();

  std::string folder_;
  std::vector<Row> rows_;
  bool behind_ = false;  // a line could not be written: the next write writes them all
};

}  // namespace s4l::methods
