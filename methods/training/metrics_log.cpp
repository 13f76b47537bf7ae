#include "s4l/methods/training/metrics_log.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <sstream>

#include "s4l/core/error.h"
#include "s4l/core/io/file.h"
#include "s4l/core/io/json.h"

namespace s4l::methods {
namespace {

std::string json_line(std::int64_t step, const MetricsLog::Values& values) {
  io::Json row;
  row.set("step", step);
  for (const auto& [tag, value] : values) row.set(tag, value);
  return row.dump() + "\n";
}

}  // namespace

void MetricsLog::resume(std::int64_t step) {
  if (folder_.empty() || !std::filesystem::exists(folder_ + "/metrics.jsonl")) return;  // stopped before its first row
  std::istringstream lines(io::read_file(folder_ + "/metrics.jsonl"));
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    io::Json row;
    try {
      row = io::parse_json(line);
    } catch (const Error&) {
      break;  // the last line of a run that was killed while writing it
    }
    const std::int64_t at = row.at("step").integer();
    if (at > step) break;
    Values values;
    for (const auto& [tag, value] : row.object())
      if (tag != "step") values.emplace_back(tag, value.is_null() ? std::nan("") : value.number());
    rows_.emplace_back(at, values);
    kept += line + "\n";
  }
  io::save_atomically(folder_ + "/metrics.jsonl", kept);
}

void MetricsLog::add(std::int64_t step, const Values& values) {
  rows_.emplace_back(step, values);
  if (folder_.empty()) return;
  const bool behind = std::exchange(behind_, true);  // until the line is written
  if (behind) return rewrite();
  io::append(folder_ + "/metrics.jsonl", json_line(step, values));
  behind_ = false;
}

void MetricsLog::rewrite() {
  std::string lines;
  for (const auto& [step, values] : rows_) lines += json_line(step, values);
  io::save_atomically(folder_ + "/metrics.jsonl", lines);
  behind_ = false;
}

void MetricsLog::save() {
  if (folder_.empty()) return;
  if (behind_) rewrite();
  std::vector<std::string> tags;
  for (const auto& [step, values] : rows_)
    for (const auto& [tag, value] : values)
      if (std::find(tags.begin(), tags.end(), tag) == tags.end()) tags.push_back(tag);
  std::string csv = "step";
  for (const std::string& tag : tags) csv += "," + tag;
  for (const auto& [step, values] : rows_) {
    csv += "\n" + std::to_string(step);
    for (const std::string& tag : tags) {
      const auto found = std::find_if(values.begin(), values.end(), [&](const auto& v) { return v.first == tag; });
      csv += "," + (found == values.end() ? "" : to_text(found->second));
    }
  }
  io::save_atomically(folder_ + "/metrics.csv", csv + "\n");
}

}  // namespace s4l::methods
