#include <algorithm>
#include <cmath>
#include <vector>

#include "s4l/data/transforms/operations.h"

namespace s4l::data {
namespace {

/// The inputs that one output covers, from `first`, with the share of each.
struct Cover {
  int first;
  std::vector<float> shares;
};

std::vector<Cover> covers(int in, int out) {
  std::vector<Cover> all;
  const double scale = static_cast<double>(in) / out;
  for (int i = 0; i < out; ++i) {
    const double begin = i * scale, end = std::min<double>(in, (i + 1) * scale);
    Cover cover{static_cast<int>(begin), {}};
    for (int j = cover.first; j < end; ++j)
      cover.shares.push_back(static_cast<float>((std::min(end, j + 1.0) - std::max<double>(begin, j)) / scale));
    all.push_back(std::move(cover));
  }
  return all;
}

/// Averages the columns: rows of `width` pixels become rows of columns.size() pixels, f32.
std::vector<float> average_columns(const Image& image, const std::vector<Cover>& columns) {
  std::vector<float> out(static_cast<std::size_t>(image.height) * columns.size() * 3);
  float* to = out.data();
  for (int y = 0; y < image.height; ++y)
    for (const Cover& cover : columns) {
      const std::uint8_t* from = image.at(y, cover.first);
      for (const float share : cover.shares)
        for (int c = 0; c < 3; ++c) to[c] += share * static_cast<float>(*from++);
      to += 3;
    }
  return out;
}

int scaled(int length, double ratio) { return std::max(1, static_cast<int>(std::nearbyint(length * ratio))); }

}  // namespace

Image resize_small(const Image& image, int side) {
  const double ratio = static_cast<double>(side) / std::min(image.height, image.width);
  const Size size{scaled(image.height, ratio), scaled(image.width, ratio)};
  const std::size_t row = static_cast<std::size_t>(size.width) * 3;
  const std::vector<float> narrow = average_columns(image, covers(image.width, size.width));
  const std::vector<Cover> rows = covers(image.height, size.height);
  Image out(size.height, size.width);
  std::vector<float> sum(row);
  for (int y = 0; y < size.height; ++y) {
    const Cover& cover = rows[static_cast<std::size_t>(y)];
    std::fill(sum.begin(), sum.end(), 0.5f);  // to round by truncation
    const float* from = narrow.data() + static_cast<std::size_t>(cover.first) * row;
    for (const float share : cover.shares)
      for (float& value : sum) value += share * *from++;
    std::transform(sum.begin(), sum.end(), out.at(y, 0),
                   [](float value) { return static_cast<std::uint8_t>(std::min(value, 255.0f)); });
  }
  return out;
}

}  // namespace s4l::data
