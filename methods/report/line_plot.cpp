#include <algorithm>
#include <cmath>
#include <limits>

#include "s4l/methods/report/axis.h"
#include "s4l/methods/report/markup.h"
#include "s4l/methods/report/plots.h"

namespace s4l::methods {
namespace {

constexpr double kWidth = 530, kPlotHeight = 210, kLeft = 58, kRight = 18, kLegendTop = 46, kLine = 18, kBottom = 44;
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

/// Where the names of the series stand, in lines below the title.
struct Legend {
  Svg::Points places;
  double bottom = kLegendTop;
};

Legend legend_of(const std::vector<Series>& all) {
  Legend legend;
  double x = kLeft;
  for (const Series& series : all) {
    const double width = 44 + kCharacter * static_cast<double>(series.name.size());
    if (x > kLeft && x + width - 18 > kWidth) {
      x = kLeft;
      legend.bottom += kLine;
    }
    legend.places.emplace_back(x, legend.bottom);
    x += width;
  }
  return legend;
}

struct Frame {
  Axis x, y;
};

Frame frame_of(const LinePlot& plot, double top) {
  double last = 1, low = 0, high = plot.share ? 1 : -std::numeric_limits<double>::infinity();
  for (const Series& series : plot.series)
    for (const auto& [step, value] : series.points) {
      last = std::max(last, step);
      if (!std::isfinite(value) || plot.share) continue;
      low = std::min(low, value);
      high = std::max(high, value);
    }
  const auto [bottom_value, top_value] = round_range(low, std::isfinite(high) ? high : 1, 5);
  return {{0, last, kLeft, kWidth - kRight}, {bottom_value, top_value, top + kPlotHeight, top}};
}

void draw_axes(Svg& svg, const Frame& frame, bool share) {
  const double bottom = frame.y.from;
  for (const double tick : round_ticks(frame.y.low, frame.y.high, 5)) {
    svg.line(kLeft, frame.y(tick), kWidth - kRight, frame.y(tick), "grid");
    svg.text(kLeft - 8, frame.y(tick) + 4, share ? tick_text(100 * tick) + " %" : tick_text(tick), "",
             Svg::Anchor::end);
  }
  for (const double tick : round_ticks(frame.x.low, frame.x.high, 6)) {
    svg.line(frame.x(tick), bottom, frame.x(tick), bottom + 4, "ink");
    svg.text(frame.x(tick), bottom + 18, tick_text(tick), "", Svg::Anchor::middle);
  }
  svg.line(kLeft, bottom, kWidth - kRight, bottom, "ink");
  svg.text((kLeft + kWidth - kRight) / 2, bottom + 36, "step", "", Svg::Anchor::middle);
}

std::string stroke(std::size_t series) { return colour(series) + (series < kSvgColours ? " stroke" : " stroke dash"); }

}  // namespace

Svg line_plot(const LinePlot& plot) {
  const Legend legend = legend_of(plot.series);
  const Frame frame = frame_of(plot, legend.bottom + 20);
  Svg svg(kWidth, frame.y.from + kBottom, plot.title + " by step");
  svg.text(kLeft, 22, plot.title, "title");
  draw_axes(svg, frame, plot.share);
  if (plot.marked_step > 0) {
    const double x = frame.x(static_cast<double>(plot.marked_step));
    const bool right = x > kWidth / 2;
    svg.line(x, frame.y.from, x, frame.y.to, "ink dash");
    svg.text(right ? x - 6 : x + 6, frame.y.to + 12, "reported: step " + grouped(plot.marked_step), "",
             right ? Svg::Anchor::end : Svg::Anchor::start);
  }
  for (std::size_t i = 0; i < plot.series.size(); ++i) {
    const Series& series = plot.series[i];
    Svg::Points places;
    for (const auto& [step, value] : thinned(series.points)) places.emplace_back(frame.x(step), frame.y(value));
    svg.polyline(places, stroke(i));
    if (series.sparse || places.size() == 1)
      for (const auto& [x, y] : places) svg.circle(x, y, 3.2, colour(i) + " fill");
    const auto [x, y] = legend.places[i];
    svg.line(x, y - 4, x + 20, y - 4, stroke(i));
    if (series.sparse) svg.circle(x + 10, y - 4, 3.2, colour(i) + " fill");
    svg.text(x + 26, y, series.name, "");
  }
  return svg;
}

}  // namespace s4l::methods
