#include <algorithm>

#include "s4l/methods/report/axis.h"
#include "s4l/methods/report/markup.h"
#include "s4l/methods/report/plots.h"

namespace s4l::methods {
namespace {

constexpr double kLeft = 58, kSide = 340, kTop = 62, kStrip = 64, kGap = 44, kBinWidth = 0.1;

void draw_axes(Svg& svg, const Axis& x, const Axis& y) {
  for (const double tick : round_ticks(0, 1, 5)) {
    const std::string text = tick_text(100 * tick) + " %";
    svg.line(kLeft, y(tick), kLeft + kSide, y(tick), "grid");
    svg.text(kLeft - 8, y(tick) + 4, text, "", Svg::Anchor::end);
    svg.text(x(tick), kTop + kSide + 18, text, "", Svg::Anchor::middle);
  }
  svg.line(kLeft, kTop + kSide, kLeft + kSide, kTop + kSide, "ink");
  svg.text(kLeft + kSide / 2, kTop + kSide + 34, "confidence", "", Svg::Anchor::middle);
}

}  // namespace

Svg reliability_plot(const Evaluation& evaluation) {
  const Axis x{0, 1, kLeft, kLeft + kSide}, y{0, 1, kTop + kSide, kTop};
  const double bottom = kTop + kSide + kGap + kStrip;
  Svg svg(kLeft + kSide + 22, bottom + 34, "Accuracy by confidence of the test pictures");
  svg.text(kLeft, 22, "Calibration", "title");
  svg.text(kLeft, 42, "accuracy by confidence, with 95 % intervals; ECE " + percentage(evaluation.calibration_error()),
           "");
  draw_axes(svg, x, y);
  const auto bins = evaluation.calibration();
  std::int64_t most = 1;
  for (const CalibrationBin& bin : bins) most = std::max(most, bin.n);
  for (const CalibrationBin& bin : bins) {
    if (bin.n == 0) continue;
    const double from = x(bin.low) + 2, width = x(bin.low + kBinWidth) - x(bin.low) - 4, middle = from + width / 2;
    const auto hits = static_cast<std::int64_t>(bin.accuracy * static_cast<double>(bin.n) + 0.5);
    const Interval interval = wilson(hits, bin.n);
    svg.rect(from, y(bin.accuracy), width, y(0) - y(bin.accuracy), "c0 fill", 0.55,
             percentage(bin.accuracy) + " of " + grouped(bin.n) + " right at a mean confidence of " +
                 percentage(bin.confidence));
    svg.line(middle, y(interval.low), middle, y(interval.high), "c1 stroke");
    svg.circle(middle, y(bin.accuracy), 3.2, "c1 fill");
    const double height = kStrip * static_cast<double>(bin.n) / static_cast<double>(most);
    svg.rect(from, bottom - height, width, height, "c5 fill", 0.7, grouped(bin.n) + " predictions");
  }
  svg.line(x(0), y(0), x(1), y(1), "ink dash");  // as sure as right
  svg.line(kLeft, bottom, kLeft + kSide, bottom, "ink");
  svg.text(kLeft - 8, bottom - kStrip + 8, grouped(most), "", Svg::Anchor::end);
  svg.text(kLeft - 8, bottom + 4, "0", "", Svg::Anchor::end);
  svg.text(kLeft + kSide / 2, bottom + 20, "predictions by confidence", "", Svg::Anchor::middle);
  return svg;
}

}  // namespace s4l::methods
