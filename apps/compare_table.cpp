#include "s4l/apps/compare_table.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "s4l/apps/table.h"
#include "s4l/core/error.h"
#include "s4l/core/io/file.h"
#include "s4l/core/io/json.h"
#include "s4l/methods/training/statistics.h"

namespace s4l::apps {
namespace {

using Score = double ComparedRun::*;

std::vector<double> points(const ComparedMethod& method, Score score) {
  std::vector<double> values;
  for (const auto& [seed, run] : method.runs) values.push_back(100 * run.*score);
  return values;
}

/// `a`'s score minus `b`'s top-1, of the seeds that both have.
std::vector<double> differences(const ComparedMethod& a, Score score, const ComparedMethod& b) {
  std::vector<double> values;
  for (const auto& [seed, run] : a.runs)
    if (const auto other = b.runs.find(seed); other != b.runs.end())
      values.push_back(100 * (run.*score - other->second.top1));
  return values;
}

std::string difference_text(const std::vector<double>& values) {
  if (values.empty()) return "";
  const methods::MeanInterval m = methods::mean_interval(values);
  if (values.size() == 1) return fmt::format("{:+.1f}", m.mean);
  return fmt::format(fmt::runtime(m.excludes_zero() ? "**{:+.1f} ± {:.1f}**" : "{:+.1f} ± {:.1f}"), m.mean, m.half);
}

double mean_of(const std::vector<double>& values) { return methods::mean_interval(values).mean; }

/// "227 + 227 + 46" of a method of several trainings.
std::string steps_text(const ComparedRun& run) {
  std::string text;
  for (const long long steps : run.steps) text += (text.empty() ? "" : " + ") + with_commas(steps);
  return text;
}

/// "2", or "1 (1 failed)".
std::string runs_text(const ComparedMethod& method) {
  const std::size_t failed = method.failed.size();
  return std::to_string(method.runs.size()) + (failed > 0 ? fmt::format(" ({} failed)", failed) : "");
}

std::string row_text(const ComparedMethod& method, Score score, const ComparedMethod* reference) {
  const std::vector<double> values = points(method, score);
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  const bool averaged = score == &ComparedRun::rot_avg, is_reference = &method == reference && !averaged;
  double seconds = 0;
  for (const auto& [seed, run] : method.runs) seconds += run.seconds / static_cast<double>(method.runs.size());
  return fmt::format(
      "| {}{} | {} | {:.1f} ({:.1f}–{:.1f}) | {} | {} | {} |\n", method.name, averaged ? ", mean of 4 rotations" : "",
      runs_text(method), mean_of(values), *least, *most,
      is_reference || reference == nullptr ? "" : difference_text(differences(method, score, *reference)),
      steps_text(method.runs.begin()->second), averaged ? "" : clock(seconds));
}

std::string matrix_text(const std::vector<ComparedMethod>& methods) {
  std::string head = "| row minus column |", line = "| --- |", rows;
  for (const ComparedMethod& column : methods) {
    head += " " + column.name + " |";
    line += " --- |";
  }
  for (const ComparedMethod& row : methods) {
    rows += "| " + row.name + " |";
    for (const ComparedMethod& column : methods)
      rows += " " + (&row == &column ? "" : difference_text(differences(row, &ComparedRun::top1, column))) + " |";
    rows += "\n";
  }
  return head + "\n" + line + "\n" + rows;
}

}  // namespace

ComparedRun read_compared(const std::string& folder, const std::vector<std::string>& trainings) {
  ComparedRun run;
  run.folder = folder;
  for (const std::string& training : trainings) {
    const io::Json json = io::parse_json(io::read_file(training + "/result.json"));
    const io::Json& test = json.at("test");
    run.split = json.at("split").string();
    run.top1 = test.at("unrotated").at("top-1-acc").number();
    const io::Json* averaged = test.find("rot_avg");
    run.rot_avg = averaged != nullptr ? averaged->at("top-1-acc").number() : -1;
    run.seconds += json.at("seconds").number();
    run.steps.push_back(std::llround(json.at("steps").number()));
  }
  return run;
}

void check_same_splits(const std::vector<ComparedMethod>& methods) {
  std::map<long long, const ComparedRun*> first;
  for (const ComparedMethod& method : methods)
    for (const auto& [seed, run] : method.runs) {
      const ComparedRun& other = *first.emplace(seed, &run).first->second;
      if (run.split != other.split)
        fail(ErrorKind::data, "compare: expected {} and {} to have learned from the same labels, got splits {} and {}",
             other.folder, run.folder, other.split.substr(0, 8), run.split.substr(0, 8));
    }
}

std::string comparison_text(const std::vector<ComparedMethod>& methods, const std::string& reference, long long seeds) {
  std::vector<ComparedMethod> finished;
  std::string missing;
  for (const ComparedMethod& method : methods) {
    if (!method.runs.empty()) finished.push_back(method);
    if (const auto left = seeds - static_cast<long long>(method.runs.size() + method.failed.size()); left > 0)
      missing += fmt::format("{}{} {}", missing.empty() ? "" : ", ", left, method.name);
  }
  const ComparedMethod* against = nullptr;
  for (const ComparedMethod& method : finished)
    if (method.name == reference) against = &method;

  std::string text =
      fmt::format("| method | runs | top-1 % (least–most) | against {} | steps | time a run |\n", reference);
  text += "| --- | --- | --- | --- | --- | --- |\n";
  for (const ComparedMethod& method : finished) {
    text += row_text(method, &ComparedRun::top1, against);
    const auto has = [](const auto& entry) { return entry.second.rot_avg >= 0; };
    if (std::all_of(method.runs.begin(), method.runs.end(), has))
      text += row_text(method, &ComparedRun::rot_avg, against);
  }
  for (const ComparedMethod& method : methods)
    if (method.runs.empty() && !method.failed.empty())
      text += fmt::format("| {} | {} | failed | | | |\n", method.name, runs_text(method));
  if (finished.size() > 2) text += "\n" + matrix_text(finished);
  text += "\nDifferences are paired by seed, in points";
  text += seeds > 1 ? ", ± half of the 95 % interval (Student's t); bold where it excludes 0.\n"
                    : "; one seed cannot tell them from chance.\n";
  if (!missing.empty()) text += fmt::format("Not finished yet: {}.\n", missing);
  return text;
}

std::string runs_csv(const std::vector<ComparedMethod>& methods) {
  std::string csv = "method,seed,top1,rot_avg,steps,seconds,split,folder\n";
  for (const ComparedMethod& method : methods)
    for (const auto& [seed, run] : method.runs)
      csv += fmt::format("{},{},{},{},{},{:.1f},{},{}\n", method.name, seed, run.top1,
                         run.rot_avg < 0 ? "" : to_text(run.rot_avg),
                         std::accumulate(run.steps.begin(), run.steps.end(), 0LL), run.seconds, run.split, run.folder);
  return csv;
}

std::string pairs_csv(const std::vector<ComparedMethod>& methods) {
  std::string csv = "a,b,pairs,difference,low,high\n";
  for (std::size_t i = 0; i < methods.size(); ++i)
    for (std::size_t j = i + 1; j < methods.size(); ++j) {
      const auto values = differences(methods[i], &ComparedRun::top1, methods[j]);
      if (values.size() < 2) continue;
      const methods::MeanInterval m = methods::mean_interval(values);
      csv += fmt::format("{},{},{},{:.3f},{:.3f},{:.3f}\n", methods[i].name, methods[j].name, values.size(), m.mean,
                         m.mean - m.half, m.mean + m.half);
    }
  return csv;
}

}  // namespace s4l::apps
