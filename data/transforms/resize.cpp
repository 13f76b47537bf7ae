#include <algorithm>
#include <cmath>
#include <vector>

#include "s4l/data/transforms/operations.h"

namespace s4l::data {
namespace {

/// Where an output row or column is read: `fraction` of the way from `lower` to `upper`.
struct Sample {
  int lower, upper;
  float fraction;
};

std::vector<Sample> samples(int in, int out) {
  std::vector<Sample> all(static_cast<std::size_t>(out));
  const float scale = static_cast<float>(in) / static_cast<float>(out);
  for (int i = 0; i < out; ++i) {
    const float place = static_cast<float>(i) * scale;
    const int lower = std::min(static_cast<int>(place), in - 1);
    all[static_cast<std::size_t>(i)] = {lower, std::min(lower + 1, in - 1), place - static_cast<float>(lower)};
  }
  return all;
}

void interpolate_columns(const std::uint8_t* row, const std::vector<Sample>& columns, std::vector<float>& out) {
  float* to = out.data();
  for (const Sample& x : columns)
    for (int c = 0; c < 3; ++c) {
      const float left = row[3 * x.lower + c], right = row[3 * x.upper + c];
      *to++ = left + (right - left) * x.fraction;
    }
}

}  // namespace

Image resize(const Image& image, Size size) {
  if (size == Size{image.height, image.width}) return image;
  const std::vector<Sample> rows = samples(image.height, size.height), columns = samples(image.width, size.width);
  Image out(size.height, size.width);
  std::vector<float> upper(columns.size() * 3), lower(columns.size() * 3);
  for (int y = 0; y < size.height; ++y) {
    const Sample& sample = rows[static_cast<std::size_t>(y)];
    interpolate_columns(image.at(sample.lower, 0), columns, lower);
    interpolate_columns(image.at(sample.upper, 0), columns, upper);
    std::uint8_t* to = out.at(y, 0);
    for (std::size_t i = 0; i < lower.size(); ++i)
      to[i] = static_cast<std::uint8_t>(lower[i] + (upper[i] - lower[i]) * sample.fraction + 0.5f);
  }
  return out;
}

}  // namespace s4l::data
