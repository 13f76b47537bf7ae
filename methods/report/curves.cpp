#include <algorithm>

#include "s4l/methods/report/plots.h"

namespace s4l::methods {
namespace {

/// The tags of `rows` that `wanted` takes, as series in the order in which they come. What was tested stands at the
/// step that is reported: its row comes at the end of the run.
template <class Wanted>
std::vector<Series> series_of(const std::vector<MetricsLog::Row>& rows, std::int64_t reported_step,
                              const Wanted& wanted) {
  std::vector<Series> all;
  for (const auto& [step, values] : rows)
    for (const auto& [tag, value] : values) {
      if (!wanted(tag)) continue;
      auto series = std::find_if(all.begin(), all.end(), [&name = tag](const Series& s) { return s.name == name; });
      if (series == all.end()) series = all.insert(all.end(), {tag, {}, !tag.starts_with("train/") && tag != "lr"});
      const bool moved = tag.starts_with("test/") && reported_step > 0;
      series->points.emplace_back(static_cast<double>(moved ? reported_step : step), value);
    }
  return all;
}

bool is_loss(const std::string& tag) { return tag.ends_with("loss") && !tag.starts_with("test/"); }
bool is_accuracy(const std::string& tag) { return tag.ends_with("acc") && !tag.ends_with("top-5-acc"); }

}  // namespace

std::vector<std::pair<std::string, Svg>> curves(const std::vector<MetricsLog::Row>& rows, std::int64_t reported_step) {
  const LinePlot plots[] = {
      {"Loss", series_of(rows, reported_step, is_loss), false, reported_step},
      {"Accuracy", series_of(rows, reported_step, is_accuracy), true, reported_step},
      {"Learning rate", series_of(rows, reported_step, [](const std::string& tag) { return tag == "lr"; })}};
  const char* names[] = {"loss", "accuracy", "learning_rate"};
  std::vector<std::pair<std::string, Svg>> drawn;
  for (std::size_t i = 0; i < std::size(plots); ++i)
    if (!plots[i].series.empty()) drawn.emplace_back(names[i], line_plot(plots[i]));
  return drawn;
}

}  // namespace s4l::methods
