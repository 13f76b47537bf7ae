#pragma once
#include <string>
#include <utility>
#include <vector>

#include "s4l/methods/report/svg.h"
#include "s4l/methods/training/evaluation.h"
#include "s4l/methods/training/metrics_log.h"

namespace s4l::methods {

struct Series {
  std::string name;
  Svg::Points points;   ///< (step, value), ascending
  bool sparse = false;  ///< few points: each is marked
};

struct LinePlot {
  std::string title;
  std::vector<Series> series;
  bool share = false;            ///< values in [0, 1], shown as per cent
  std::int64_t marked_step = 0;  ///< a vertical line at the step that is reported; 0: none
};
Svg line_plot(const LinePlot& plot);

/// Every loss, every accuracy and the learning rate by step, for which `rows` has values: (file name, plot).
std::vector<std::pair<std::string, Svg>> curves(const std::vector<MetricsLog::Row>& rows, std::int64_t reported_step);

/// Labels by row, predictions by column; of many classes those with the most errors.
Svg confusion_plot(const Evaluation& evaluation, const std::vector<std::string>& class_names);
/// Accuracy by confidence with Wilson intervals, and how many predictions each bin has.
Svg reliability_plot(const Evaluation& evaluation);

}  // namespace s4l::methods
