// For each output row the two rows of the picture around it are blended into one row of floats, in long runs; from that
// each output pixel takes the two pixels around it.
#include <algorithm>
#include <vector>

#include "s4l/data/transforms/operations.h"
#include "s4l/data/transforms/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "s4l/data/transforms/resize.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace s4l::data::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// out[i] = upper[i] + fraction (lower[i] - upper[i]).
void blend_rows(const std::uint8_t* upper, const std::uint8_t* lower, float fraction, std::size_t count, float* out) {
  const auto blend = [&](auto d, std::size_t i) {
    const hn::Rebind<std::int32_t, decltype(d)> d32;
    const hn::Rebind<std::uint8_t, decltype(d)> d8;
    const auto level = [&](const std::uint8_t* at) { return hn::ConvertTo(d, hn::PromoteTo(d32, hn::LoadU(d8, at))); };
    const auto a = level(upper + i), b = level(lower + i);
    hn::StoreU(hn::MulAdd(b - a, hn::Set(d, fraction), a), d, out + i);
  };
  const hn::ScalableTag<float> d;
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) blend(d, i);
  for (; i < count; ++i) blend(hn::CappedTag<float, 1>(), i);
}

/// `count` RGB pixels, rounded, each between the pixels of `row` that begin at `lower` and `upper`. Four numbers are
/// read and four bytes written for a pixel: both rows end with one that is not used.
void blend_columns(const float* row, const std::int32_t* lower, const std::int32_t* upper, const float* fraction,
                   std::size_t count, std::uint8_t* out) {
  const hn::CappedTag<float, 4> d;  // one number at a time where there are no vectors
  const hn::Rebind<std::int32_t, decltype(d)> d32;
  const hn::Rebind<std::uint8_t, decltype(d)> d8;
  const auto half = hn::Set(d, 0.5f);
  for (std::size_t x = 0; x < count; ++x)
    for (std::size_t c = 0; c < 3; c += hn::Lanes(d)) {
      const auto a = hn::LoadU(d, row + lower[x] + c), b = hn::LoadU(d, row + upper[x] + c);
      const auto level = hn::MulAdd(b - a, hn::Set(d, fraction[x]), a + half);
      hn::StoreU(hn::DemoteTo(d8, hn::ConvertTo(d32, level)), d8, out + 3 * x + c);
    }
}

}  // namespace s4l::data::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace s4l::data {
namespace {

HWY_EXPORT(blend_rows);
HWY_EXPORT(blend_columns);

/// Where each output is read: `fraction` of the way from `lower` to `upper`, which count by `stride`.
struct Samples {
  std::vector<std::int32_t> lower, upper;
  std::vector<float> fraction;

  Samples(int in, int out, int stride) {
    const float scale = static_cast<float>(in) / static_cast<float>(out);
    for (int i = 0; i < out; ++i) {
      const float place = static_cast<float>(i) * scale;
      const int below = std::min(static_cast<int>(place), in - 1);
      lower.push_back(stride * below);
      upper.push_back(stride * std::min(below + 1, in - 1));
      fraction.push_back(place - static_cast<float>(below));
    }
  }
};

}  // namespace

Image resize(const Image& image, Size size) {
  if (size == Size{image.height, image.width}) return image;
  const Samples rows(image.height, size.height, image.width * 3), columns(image.width, size.width, 3);
  const std::size_t in_row = static_cast<std::size_t>(image.width) * 3;
  const std::ptrdiff_t out_row = std::ptrdiff_t{size.width} * 3;
  std::vector<float> blended(in_row + 1);
  std::vector<std::uint8_t> line(static_cast<std::size_t>(out_row) + 1);
  Image out(size.height, size.width);
  for (std::size_t y = 0; y < rows.lower.size(); ++y) {
    const std::uint8_t* pixels = image.pixels.data();
    HWY_DYNAMIC_DISPATCH(blend_rows)
    (pixels + rows.lower[y], pixels + rows.upper[y], rows.fraction[y], in_row, blended.data());
    HWY_DYNAMIC_DISPATCH(blend_columns)
    (blended.data(), columns.lower.data(), columns.upper.data(), columns.fraction.data(), columns.lower.size(),
     line.data());
    std::copy_n(line.data(), out_row, out.pixels.data() + static_cast<std::ptrdiff_t>(y) * out_row);
  }
  return out;
}

}  // namespace s4l::data
#endif
