#include <algorithm>
#include <numeric>

#include "s4l/methods/report/markup.h"
#include "s4l/methods/report/plots.h"

namespace s4l::methods {
namespace {

constexpr std::size_t kMostClasses = 30;  // what can be read on a page
constexpr std::size_t kMostLetters = 16;
constexpr double kFaintest = 0.08, kStrongest = 0.7;  // of a cell: its number keeps a contrast of 4.5 and more

struct Matrix {
  std::vector<std::size_t> classes;  // shown, ascending
  std::vector<double> sums;          // pictures by label
};

std::int64_t count(const Evaluation& e, std::size_t label, std::size_t predicted) {
  return e.confusion[label * static_cast<std::size_t>(e.classes) + predicted];
}

Matrix matrix_of(const Evaluation& e) {
  const auto n = static_cast<std::size_t>(e.classes);
  Matrix matrix{std::vector<std::size_t>(n), std::vector<double>(n)};
  std::iota(matrix.classes.begin(), matrix.classes.end(), std::size_t{0});
  std::vector<std::int64_t> errors(n);
  for (std::size_t label = 0; label < n; ++label)
    for (std::size_t predicted = 0; predicted < n; ++predicted) {
      matrix.sums[label] += static_cast<double>(count(e, label, predicted));
      if (label == predicted) continue;
      errors[label] += count(e, label, predicted);
      errors[predicted] += count(e, label, predicted);
    }
  if (n <= kMostClasses) return matrix;
  std::stable_sort(matrix.classes.begin(), matrix.classes.end(),
                   [&](std::size_t a, std::size_t b) { return errors[a] > errors[b]; });
  matrix.classes.resize(kMostClasses);
  std::sort(matrix.classes.begin(), matrix.classes.end());
  return matrix;
}

std::string shortened(const std::string& name) {
  std::size_t letters = 0;
  for (std::size_t i = 0; i < name.size(); ++i)
    if ((static_cast<unsigned char>(name[i]) & 0xC0) != 0x80 && ++letters > kMostLetters)
      return name.substr(0, i) + "…";
  return name;
}

}  // namespace

Svg confusion_plot(const Evaluation& e, const std::vector<std::string>& names) {
  const Matrix matrix = matrix_of(e);
  const auto shown = static_cast<double>(matrix.classes.size());
  const double cell = std::clamp(420 / shown, 18.0, 52.0), left = 132, top = 132, side = cell * shown;
  const bool all = matrix.classes.size() == names.size();
  const double width = std::max(left + side + 90, 500.0);
  Svg svg(width, top + side + 34, "Confusion matrix of the test pictures");
  svg.text(16, 22, "Confusion matrix", "title");
  svg.text(16, 40, all ? "rows: label, columns: prediction" : "the 30 classes with the most errors; rows: label", "");
  for (std::size_t row = 0; row < matrix.classes.size(); ++row) {
    const std::size_t label = matrix.classes[row];
    const double y = top + cell * static_cast<double>(row);
    svg.text(left - 8, y + cell / 2 + 4, shortened(names[label]), "", Svg::Anchor::end);
    svg.text(left + cell * (static_cast<double>(row) + 0.5) + 4, top - 8, shortened(names[label]), "",
             Svg::Anchor::start, -45);
    for (std::size_t column = 0; column < matrix.classes.size(); ++column) {
      const std::size_t predicted = matrix.classes[column];
      const std::int64_t n = count(e, label, predicted);
      const double x = left + cell * static_cast<double>(column);
      svg.rect(x + 1, y + 1, cell - 2, cell - 2, "cell");
      if (n == 0) continue;
      const double share = static_cast<double>(n) / matrix.sums[label];
      const std::string tip =
          (label == predicted ? names[label] + " recognised" : names[label] + " taken for " + names[predicted]) + ": " +
          grouped(n) + ", " + percentage(share) + " of " + names[label];
      svg.rect(x + 1, y + 1, cell - 2, cell - 2, label == predicted ? "right" : "wrong",
               kFaintest + (kStrongest - kFaintest) * share, tip);
      if (cell >= 24) svg.text(x + cell / 2, y + cell / 2 + 4, grouped(n), "count", Svg::Anchor::middle);
    }
  }
  svg.text(16, top + side + 22, "blue: right, orange: wrong; the stronger, the larger the share of the row", "");
  return svg;
}

}  // namespace s4l::methods
