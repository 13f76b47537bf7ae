#include "s4l/methods/report/axis.h"

#include <cmath>

#include "s4l/core/error.h"
#include "s4l/methods/report/markup.h"

namespace s4l::methods {
namespace {

/// The round number nearest to a `count`-th of the span, from below in the sense of logarithms.
double round_step(double span, int count) {
  const double rough = span / count, power = std::pow(10, std::floor(std::log10(rough))), leading = rough / power;
  return power * (leading < 1.5 ? 1 : leading < 3.5 ? 2 : leading < 7.5 ? 5 : 10);
}

}  // namespace

std::vector<double> round_ticks(double low, double high, int count) {
  if (!(high > low)) return {low};
  const double step = round_step(high - low, count), slack = 1e-9 * step;
  std::vector<double> ticks;
  for (double k = std::ceil((low - slack) / step); k * step <= high + slack; ++k) ticks.push_back(k * step);
  return ticks;
}

std::pair<double, double> round_range(double low, double high, int count) {
  if (!(high > low)) high = low + (low == 0 ? 1 : std::abs(low));
  const double step = round_step(high - low, count), slack = 1e-9;
  return {step * std::floor(low / step + slack), step * std::ceil(high / step - slack)};
}

std::string tick_text(double value) {
  if (std::abs(value) >= 1000 && value == std::round(value)) return grouped(std::llround(value));
  return to_text(std::abs(value) < 1e-12 ? 0 : std::stod(fixed(value, 12)));
}

}  // namespace s4l::methods
