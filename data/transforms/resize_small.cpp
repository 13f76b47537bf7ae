// The area filter is separable. Rows are summed first, in long runs of the picture's bytes; what is left is one row of
// floats whose columns are then averaged.
#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

#include "s4l/data/transforms/operations.h"
#include "s4l/data/transforms/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "s4l/data/transforms/resize_small.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace s4l::data::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// sum[i] += share row[i].
void add_row(const std::uint8_t* row, float share, std::size_t count, float* sum) {
  const hn::ScalableTag<float> d;
  const hn::Rebind<std::int32_t, decltype(d)> d32;
  const hn::Rebind<std::uint8_t, decltype(d)> d8;
  const auto factor = hn::Set(d, share);
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) {
    const auto level = hn::ConvertTo(d, hn::PromoteTo(d32, hn::LoadU(d8, row + i)));
    hn::StoreU(hn::MulAdd(level, factor, hn::LoadU(d, sum + i)), d, sum + i);
  }
  const hn::CappedTag<float, 1> one;
  for (; i < count; ++i)
    hn::StoreU(hn::MulAdd(hn::Set(one, static_cast<float>(row[i])), hn::Set(one, share), hn::LoadU(one, sum + i)), one,
               sum + i);
}

}  // namespace s4l::data::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace s4l::data {
namespace {

HWY_EXPORT(add_row);

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

void add(const std::uint8_t* row, float share, std::vector<float>& sum) {
  HWY_DYNAMIC_DISPATCH(add_row)(row, share, sum.size(), sum.data());
}
void add(const float* row, float share, std::vector<float>& sum) {
  for (float& each : sum) each += share * *row++;
}

void set_level(float sum, std::uint8_t& level) { level = static_cast<std::uint8_t>(std::min(sum, 255.0f)); }
void set_level(float sum, float& level) { level = sum; }

/// A row of floats becomes a row of levels.
template <class Level>
void average_columns(const std::vector<float>& row, const std::vector<Cover>& columns, Level* out) {
  constexpr float kStart = std::is_same_v<Level, float> ? 0 : 0.5f;  // to round by truncation
  for (const Cover& cover : columns) {
    const float* from = row.data() + 3 * cover.first;
    float r = kStart, g = kStart, b = kStart;
    for (const float share : cover.shares) {
      r += share * from[0], g += share * from[1], b += share * from[2];
      from += 3;
    }
    for (const float sum : {r, g, b}) set_level(sum, *out++);
  }
}

int scaled(int length, double ratio) { return std::max(1, static_cast<int>(std::nearbyint(length * ratio))); }

template <class Level>
BasicImage<Level> shrunk(const BasicImage<Level>& image, int side) {
  const double ratio = static_cast<double>(side) / std::min(image.height, image.width);
  const Size size{scaled(image.height, ratio), scaled(image.width, ratio)};
  const std::vector<Cover> rows = covers(image.height, size.height), columns = covers(image.width, size.width);
  BasicImage<Level> out(size.height, size.width);
  std::vector<float> sum(static_cast<std::size_t>(image.width) * 3);
  for (int y = 0; y < size.height; ++y) {
    std::fill(sum.begin(), sum.end(), 0.0f);
    int from = rows[static_cast<std::size_t>(y)].first;
    for (const float share : rows[static_cast<std::size_t>(y)].shares) add(image.at(from++, 0), share, sum);
    average_columns(sum, columns, out.at(y, 0));
  }
  return out;
}

}  // namespace

Image resize_small(const Image& image, int side) { return shrunk(image, side); }
ExactImage resize_small(const ExactImage& image, int side) { return shrunk(image, side); }

}  // namespace s4l::data
#endif
