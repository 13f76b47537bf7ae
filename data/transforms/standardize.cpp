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

}  // namespace s4l::data
