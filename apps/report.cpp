#include "s4l/apps/report.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "s4l/apps/table.h"

namespace s4l::apps {
namespace {

constexpr std::size_t kWorst = 3;
constexpr std::int64_t kTop5Classes = 6;  // with fewer classes top-5 says nothing

std::string with_interval(std::int64_t hits, std::int64_t n) {
  if (n == 0) return "no pictures";
  const methods::Interval interval = methods::wilson(hits, n);
  const double share = static_cast<double>(hits) / static_cast<double>(n);
  return fmt::format("{} ({:.1f} – {:.1f})", percent(share), 100 * interval.low, 100 * interval.high);
}

std::string worst_classes(const methods::Evaluation& evaluation, const std::vector<std::string>& names) {
  const auto classes = evaluation.per_class();
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < classes.size(); ++i)
    if (classes[i].support > 0) order.push_back(i);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return classes[a].recall < classes[b].recall; });
  order.resize(std::min(order.size(), kWorst));
  std::string text;
  for (const std::size_t i : order)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", names[i], percent(classes[i].recall));
  return text;
}

}  // namespace

std::string evaluation_text(const methods::Evaluation& evaluation, const std::vector<std::string>& class_names,
                            const Facts& facts) {
  const bool top5 = evaluation.classes >= kTop5Classes;
  Table table;
  const auto row = [&](const std::string& name, const methods::Score& score) {
    std::vector<std::string> cells{name, with_interval(score.top1, score.n)};
    if (top5) cells.push_back(with_interval(score.top5, score.n));
    cells.push_back(counted(score.n, "picture"));
    table.row(cells);
  };
  table.row(top5 ? std::vector<std::string>{"test", "top-1 (95 % interval)", "top-5 (95 % interval)"}
                 : std::vector<std::string>{"test", "top-1 (95 % interval)"});
  row(evaluation.rot_avg ? "unrotated" : "", evaluation.unrotated);
  if (evaluation.rot_avg) row("rot_avg", *evaluation.rot_avg);
  std::string text = table.text() + "\n";

  Table below;
  below.row({"worst classes", worst_classes(evaluation, class_names)});
  for (const auto& [name, fact] : facts) below.row({name, fact});
  return text + below.text();
}

}  // namespace s4l::apps
