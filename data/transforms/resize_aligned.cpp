#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

#include "s4l/data/transforms/operations.h"

namespace s4l::data {
namespace {

/// The inputs of one output and their weights.
struct Taps {
  std::array<int, 4> at;
  std::array<float, 4> weight;
};

/// Keys' cubic with A = -0.75 for the neighbours at -1, 0, 1, 2 of a place `t` beyond 0.
std::array<float, 4> cubic(float t) {
  constexpr float a = -0.75f;
  const auto near = [](float d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
  const auto far = [](float d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
  return {far(1 + t), near(t), near(1 - t), far(2 - t)};
}

Taps taps_at(float place, int in, Filter filter) {
  const int lower = std::min(static_cast<int>(place), in - 1);
  float t = place - static_cast<float>(lower);
  Taps taps{{lower - 1, lower, lower + 1, lower + 2}, {0, 1 - t, t, 0}};
  if (filter == Filter::nearest)
    taps.weight = t < 0.5f ? std::array<float, 4>{0, 1, 0, 0} : std::array<float, 4>{0, 0, 1, 0};
  if (filter == Filter::bicubic) taps.weight = cubic(std::round(t * 1024) / 1024);  // TensorFlow's table of weights
  for (int& at : taps.at) at = std::clamp(at, 0, in - 1);
  return taps;
}

std::vector<Taps> all_taps(int in, int out, Filter filter) {
  const float scale = out > 1 ? static_cast<float>(in - 1) / static_cast<float>(out - 1) : static_cast<float>(in);
  std::vector<Taps> taps;
  for (int i = 0; i < out; ++i) taps.push_back(taps_at(static_cast<float>(i) * scale, in, filter));
  return taps;
}

void set_level(float value, std::uint8_t& level) { level = static_cast<std::uint8_t>(std::clamp(value, 0.0f, 255.0f)); }
void set_level(float value, float& level) { level = value; }

}  // namespace

template <class Level>
BasicImage<Level> resize_aligned(const BasicImage<Level>& image, Size size, Filter filter) {
  const std::vector<Taps> rows = all_taps(image.height, size.height, filter);
  const std::vector<Taps> columns = all_taps(image.width, size.width, filter);
  BasicImage<Level> out(size.height, size.width);
  for (int y = 0; y < size.height; ++y)
    for (int x = 0; x < size.width; ++x)
      for (int c = 0; c < 3; ++c) {
        float value = std::is_same_v<Level, float> ? 0 : 0.5f;  // to round by truncation
        for (std::size_t i = 0; i < 4; ++i) {
          const Taps &row = rows[static_cast<std::size_t>(y)], &column = columns[static_cast<std::size_t>(x)];
          float along = 0;
          for (std::size_t j = 0; j < 4; ++j)
            along += column.weight[j] * static_cast<float>(image.at(row.at[i], column.at[j])[c]);
          value += row.weight[i] * along;
        }
        set_level(value, out.at(y, x)[c]);
      }
  return out;
}

template Image resize_aligned(const Image&, Size, Filter);
template ExactImage resize_aligned(const ExactImage&, Size, Filter);

}  // namespace s4l::data
