#include "s4l/apps/progress.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

#include "s4l/apps/table.h"

namespace s4l::apps {
namespace {

constexpr const char* kDot = " · ";
constexpr int kBarWidth = 20;
constexpr std::int64_t kPlainLines = 50;  // of a whole run: what a batch system's log can bear

const double* value_of(const methods::LogRow& row, const std::string& tag) {
  for (const auto& [name, value] : row.values)
    if (name == tag) return &value;
  return nullptr;
}

std::string bar_of(std::int64_t step, std::int64_t steps) {
  const int full = static_cast<int>(kBarWidth * step / std::max<std::int64_t>(steps, 1));
  std::string bar(static_cast<std::size_t>(full), '=');
  if (full < kBarWidth) bar += '>';
  bar.resize(kBarWidth, '.');
  return "[" + bar + "]";
}

std::string long_clock(double seconds) {
  const long long whole = std::llround(std::max(seconds, 0.0));
  return fmt::format("{:02}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

// The loss and every accuracy of the method, in its order: train/rot_acc is shown as "rot".
std::string figures(const methods::LogRow& row) {
  std::string text;
  for (const auto& [tag, value] : row.values) {
    if (tag == "train/loss") text += fmt::format("{}loss {:.3f}", kDot, value);
    if (tag == "train/acc") text += fmt::format("{}acc {:.1f}", kDot, 100 * value);
    if (tag.starts_with("train/") && tag.ends_with("_acc"))
      text += fmt::format("{}{} {:.1f}", kDot, tag.substr(6, tag.size() - 10), 100 * value);
  }
  return text;
}

}  // namespace

std::string Progress::text(const methods::LogRow& row, bool bar) const {
  const auto epochs = [&](std::int64_t step) {
    return static_cast<long>(std::ceil(static_cast<double>(step) / steps_per_epoch_));
  };
  std::string line = fmt::format("epoch {}/{} {}{}/{}", epochs(row.step), epochs(row.steps),
                                 bar ? bar_of(row.step, row.steps) + " " : "", row.step, row.steps);
  if (const double* speed = value_of(row, "perf/img_per_s"))
    line += fmt::format("{}{} img/s", kDot, with_commas(std::llround(*speed)));
  line += figures(row);
  // The pace since this process began: what was done before a resume tells nothing about it.
  if (row.step > first_step_) {
    const double pace = (row.seconds - first_seconds_) / static_cast<double>(row.step - first_step_);
    line += fmt::format("{}ETA {}", kDot, long_clock(pace * static_cast<double>(row.steps - row.step)));
  }
  return line;
}

void Progress::show(const methods::LogRow& row) {
  if (first_seconds_ < 0) {
    first_seconds_ = row.seconds;
    first_step_ = row.step;
  }
  if (log_format() == LogFormat::json) {
    io::Json figures;
    figures.set("step", row.step);
    figures.set("steps", row.steps);
    figures.set("seconds", row.seconds);
    for (const auto& [tag, value] : row.values) figures.set(tag, value);
    return log_.event(figures);
  }
  if (log_.moving()) {  // the figures matter more than the bar
    const std::string whole = text(row, true);
    log_.status(whole.size() > static_cast<std::size_t>(log_.terminal().columns) ? text(row, false) : whole);
  }
  if (row.step < next_plain_ && row.step < row.steps && !log_.verbose()) return;
  next_plain_ = row.step + std::max<std::int64_t>(row.steps / kPlainLines, 1);
  std::string line = text(row, false);
  if (log_.verbose())
    for (const auto& [tag, value] : row.values) line += fmt::format(" {}={:.6g}", tag, value);
  if (log_.moving())
    log_.file_only(line);
  else
    log_.line(line);
}

}  // namespace s4l::apps
