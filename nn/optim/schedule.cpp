#include "s4l/nn/optim/schedule.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>

#include "s4l/core/error.h"

namespace s4l::nn {
namespace {

double epoch_from(std::string_view text, const std::string& list) {
  double epoch = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), epoch);
  check(error == std::errc() && end == text.data() + text.size() && std::isfinite(epoch) && epoch >= 0,
        "schedule: expected epochs like \"5,140,160,200\", got \"{}\" in \"{}\"", text, list);
  return epoch;
}

std::vector<double> epochs_from(const std::string& list) {
  std::vector<double> epochs;
  for (std::size_t begin = 0, end = 0; end != std::string::npos; begin = end + 1) {
    end = list.find(',', begin);
    epochs.push_back(epoch_from(std::string_view(list).substr(begin, end - begin), list));
    const std::size_t last = epochs.size() - 1;
    check(last == 0 || epochs[last - 1] <= epochs[last],
          "schedule: expected epochs that do not decrease, got {} after {} in \"{}\"", epochs[last],
          last == 0 ? 0.0 : epochs[last - 1], list);
  }
  check(epochs.size() >= 2, "schedule: expected the end of warm-up and of training, got \"{}\"", list);
  return epochs;
}

}  // namespace

double Schedule::at(std::int64_t step) const {
  const auto t = static_cast<double>(step);
  if (t < std::floor(warmup)) return base * t / warmup;
  if (kind == Kind::cosine) {
    const double length = static_cast<double>(total) - warmup;
    const double done = length > 0 ? std::min(1.0, (t - warmup) / length) : 1.0;
    return base * (1 + std::cos(std::numbers::pi * done)) / 2;
  }
  const auto passed = std::count_if(decay_points.begin(), decay_points.end(), [t](double point) { return point < t; });
  return base * std::pow(factor, static_cast<double>(passed));
}

Schedule schedule_from_epochs(const std::string& list, std::int64_t steps_per_epoch, double base, double factor) {
  check(steps_per_epoch >= 1, "schedule: expected 1 or more steps per epoch, got {}", steps_per_epoch);
  std::vector<double> points = epochs_from(list);
  for (double& point : points) point *= static_cast<double>(steps_per_epoch);
  Schedule schedule;
  schedule.base = base;
  schedule.factor = factor;
  schedule.warmup = points.front();
  schedule.total = static_cast<std::int64_t>(std::ceil(points.back()));
  schedule.decay_points.assign(points.begin() + 1, points.end() - 1);
  return schedule;
}

double polyak_decay(std::int64_t steps_per_epoch) {
  check(steps_per_epoch >= 1, "polyak_decay: expected 1 or more steps per epoch, got {}", steps_per_epoch);
  return std::pow(0.5, 1.0 / static_cast<double>(steps_per_epoch));
}

}  // namespace s4l::nn
