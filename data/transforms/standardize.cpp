#include <algorithm>
#include <cmath>
#include <cstdint>

#include "s4l/data/transforms/operations.h"

namespace s4l::data {

Moments moments(const Image& image) {
  std::int64_t sum = 0, squares = 0;
  for (const std::int64_t level : image.pixels) {
    sum += level;
    squares += level * level;
  }
  const auto count = static_cast<double>(image.pixels.size());
  const double mean = static_cast<double>(sum) / count;
  return {mean, std::sqrt(std::max(0.0, static_cast<double>(squares) / count - mean * mean))};
}

Moments moments(const ExactImage& image) {
  double sum = 0, squares = 0;
  const auto count = static_cast<double>(image.pixels.size());
  for (const double level : image.pixels) sum += level;
  const double mean = sum / count;
  for (const double level : image.pixels) squares += (level - mean) * (level - mean);
  return {mean, std::sqrt(squares / count)};
}

}  // namespace s4l::data
