#include <algorithm>
#include <numeric>

#include "s4l/methods/report/html.h"
#include "s4l/methods/report/markup.h"

namespace s4l::methods::html {
namespace {

constexpr std::int64_t kTop5Classes = 6;   // with fewer classes top-5 says nothing
constexpr std::size_t kMostClasses = 200;  // in the table of classes

std::vector<std::string> share_row(const std::string& name, std::int64_t hits, std::int64_t n) {
  const Interval interval = wilson(hits, n);
  const double share = n == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(n);
  return {name, percentage(share), fixed(100 * interval.low, 1) + " – " + fixed(100 * interval.high, 1), grouped(n)};
}

}  // namespace

std::string section(const std::string& title, const std::string& body) {
  return "<section><h2>" + escaped(title) + "</h2>\n" + body + "</section>\n";
}

std::string table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows,
                  bool numbers) {
  std::string text = std::string("<div class=\"wide\"><table") + (numbers ? " class=\"numbers\"" : "") + "><thead><tr>";
  for (const std::string& cell : head) text += "<th scope=\"col\">" + escaped(cell) + "</th>";
  text += "</tr></thead><tbody>\n";
  for (const auto& row : rows) {
    text += "<tr>";
    for (const std::string& cell : row) text += "<td>" + escaped(cell) + "</td>";
    text += "</tr>\n";
  }
  return text + "</tbody></table></div>\n";
}

std::string facts(const std::vector<std::pair<std::string, std::string>>& facts) {
  std::string text = "<dl>\n";
  for (const auto& [name, fact] : facts) text += "<dt>" + escaped(name) + "</dt><dd>" + escaped(fact) + "</dd>\n";
  return text + "</dl>\n";
}

std::string scores(const Evaluation& test) {
  std::vector<std::vector<std::string>> rows;
  const auto add = [&](const std::string& view, const Score& score) {
    rows.push_back(share_row("top-1 accuracy" + view, score.top1, score.n));
    if (test.classes >= kTop5Classes) rows.push_back(share_row("top-5 accuracy" + view, score.top5, score.n));
  };
  add(test.rot_avg ? ", upright" : "", test.unrotated);
  if (test.rot_avg) add(", mean of four rotations", *test.rot_avg);
  const ClassFigures mean = test.macro_mean();
  const std::string n = grouped(test.unrotated.n);
  rows.push_back({"precision, mean of the classes", percentage(mean.precision), "", n});
  rows.push_back({"recall, mean of the classes", percentage(mean.recall), "", n});
  rows.push_back({"F1, mean of the classes", percentage(mean.f1), "", n});
  rows.push_back({"cross entropy", fixed(test.unrotated.loss, 3), "", n});
  rows.push_back({"expected calibration error", percentage(test.calibration_error()), "", n});
  return table({"test", "value", "95 % interval", "pictures"}, rows, true);
}

std::string class_table(const Evaluation& test, const std::vector<std::string>& names) {
  const auto classes = test.per_class();
  std::vector<std::size_t> order(classes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return classes[a].recall < classes[b].recall; });
  order.resize(std::min(order.size(), kMostClasses));
  std::vector<std::vector<std::string>> rows;
  for (const std::size_t c : order) {
    const ClassFigures& f = classes[c];
    const auto hits = static_cast<std::int64_t>(f.recall * static_cast<double>(f.support) + 0.5);
    std::vector<std::string> row = share_row(names[c], hits, f.support);
    row.insert(row.begin() + 3, {percentage(f.precision), percentage(f.f1)});
    rows.push_back(std::move(row));
  }
  return table({"class", "recall", "95 % interval", "precision", "F1", "pictures"}, rows, true);
}

}  // namespace s4l::methods::html
