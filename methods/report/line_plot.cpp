#include <algorithm>
#include <cmath>
#include <limits>

#include "s4l/methods/report/axis.h"
#include "s4l/methods/report/markup.h"
#include "s4l/methods/report/plots.h"

namespace s4l::methods {
namespace {

constexpr double kWidth = 720, kHeight = 320, kLeft = 58, kRight = 18, kTop = 62, kBottom = 44;
constexpr double kCharacter = 6.6;        // mean width of a letter of 12 px
constexpr std::size_t kMostPoints = 600;  // of a line: more than can be told apart

std::string colour(std::size_t series) { return "c" + std::to_string(series % kSvgColours); }

/// At most kMostPoints means of neighbours; values that are not finite are left out.
Svg::Points thinned(const Svg::Points& points) {
  Svg::Points finite;
  for (const auto& point : points)
    if (std::isfinite(point.second)) finite.push_back(point);
  const std::size_t group = (finite.size() + kMostPoints - 1) / kMostPoints;
  if (group <= 1) return finite;
  Svg::Points means;
  for (std::size_t begin = 0; begin < finite.size(); begin += group) {
    const std::size_t end = std::min(begin + group, finite.size());
    double x = 0, y = 0;
    for (std::size_t i = begin; i < end; ++i) x += finite[i].first, y += finite[i].second;
    means.emplace_back(x / static_cast<double>(end - begin), y / static_cast<double>(end - begin));
  }
  return means;
}

struct Frame {
  Axis x, y;
};

Frame frame_of(const LinePlot& plot) {
  double last = 1, low = 0, high = plot.share ? 1 : -std::numeric_limits<double>::infinity();
  for (const Series& series : plot.series)
    for (const auto& [step, value] : series.points) {
      last = std::max(last, step);
      if (!std::isfinite(value) || plot.share) continue;
      low = std::min(low, value);
      high = std::max(high, value);
    }
  const auto [bottom, top] = round_range(low, std::isfinite(high) ? high : 1, 5);
  return {{0, last, kLeft, kWidth - kRight}, {bottom, top, kHeight - kBottom, kTop}};
}

void draw_axes(Svg& svg, const Frame& frame, bool share) {
  for (const double tick : round_ticks(frame.y.low, frame.y.high, 5)) {
    svg.line(kLeft, frame.y(tick), kWidth - kRight, frame.y(tick), "grid");
    svg.text(kLeft - 8, frame.y(tick) + 4, share ? tick_text(100 * tick) + " %" : tick_text(tick), "",
             Svg::Anchor::end);
  }
  for (const double tick : round_ticks(frame.x.low, frame.x.high, 8)) {
    svg.line(frame.x(tick), kHeight - kBottom, frame.x(tick), kHeight - kBottom + 4, "ink");
    svg.text(frame.x(tick), kHeight - kBottom + 18, tick_text(tick), "", Svg::Anchor::middle);
  }
  svg.line(kLeft, kHeight - kBottom, kWidth - kRight, kHeight - kBottom, "ink");
  svg.text((kLeft + kWidth - kRight) / 2, kHeight - 8, "step", "", Svg::Anchor::middle);
}

void draw_legend(Svg& svg, const LinePlot& plot) {
  double x = kLeft;
  for (std::size_t i = 0; i < plot.series.size(); ++i) {
    const Series& series = plot.series[i];
    svg.line(x, 42, x + 20, 42, colour(i) + (i < kSvgColours ? " stroke" : " stroke dash"));
    if (series.sparse) svg.circle(x + 10, 42, 3.2, colour(i) + " fill");
    svg.text(x + 26, 46, series.name, "");
    x += 44 + kCharacter * static_cast<double>(series.name.size());
  }
}

}  // namespace

Svg line_plot(const LinePlot& plot) {
  const Frame frame = frame_of(plot);
  Svg svg(kWidth, kHeight, plot.title + " by step");
  svg.text(kLeft, 22, plot.title, "title");
  draw_axes(svg, frame, plot.share);
  if (plot.marked_step > 0) {
    const double x = frame.x(static_cast<double>(plot.marked_step));
    svg.line(x, kTop, x, kHeight - kBottom, "ink dash");
    svg.text(x - 6, kTop + 12, "reported: step " + grouped(plot.marked_step), "", Svg::Anchor::end);
  }
  for (std::size_t i = 0; i < plot.series.size(); ++i) {
    Svg::Points places;
    for (const auto& [step, value] : thinned(plot.series[i].points)) places.emplace_back(frame.x(step), frame.y(value));
    svg.polyline(places, colour(i) + (i < kSvgColours ? " stroke" : " stroke dash"));
    if (plot.series[i].sparse || places.size() == 1)
      for (const auto& [x, y] : places) svg.circle(x, y, 3.2, colour(i) + " fill");
  }
  draw_legend(svg, plot);
  return svg;
}

}  // namespace s4l::methods
