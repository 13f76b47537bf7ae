#include "s4l/methods/training/statistics.h"

#include <cmath>
#include <limits>
#include <numbers>

#include "s4l/core/error.h"

namespace s4l::methods {
namespace {

/// The probability that |t| is at most sqrt(degrees) tan(angle): finite sums (Abramowitz and Stegun 26.7.3 and 4).
double probability_within(double angle, int degrees) {
  const double s = std::sin(angle), c = std::cos(angle);
  const bool odd = degrees % 2 == 1;
  double term = odd ? c : 1, sum = degrees == 1 ? 0 : term;
  for (int k = odd ? 3 : 2; k < degrees; k += 2) sum += term *= c * c * (k - 1) / k;
  return odd ? 2 / std::numbers::pi * (angle + s * sum) : s * sum;
}

}  // namespace

double student_t95(int degrees) {
  check(degrees >= 1, "student_t95: expected 1 or more degrees of freedom, got {}", degrees);
  double low = 0, high = std::numbers::pi / 2;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (probability_within(middle, degrees) < 0.95 ? low : high) = middle;
  }
  return std::sqrt(static_cast<double>(degrees)) * std::tan(low);
}

MeanInterval mean_interval(const std::vector<double>& values) {
  check(!values.empty(), "mean_interval: expected at least one value");
  const auto n = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const double value : values) sum += value;
  const double mean = sum / n;
  if (values.size() == 1) return {mean, std::numeric_limits<double>::infinity()};
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {mean, student_t95(static_cast<int>(values.size()) - 1) * std::sqrt(squares / (n - 1) / n)};
}

}  // namespace s4l::methods
