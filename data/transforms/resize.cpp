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

#if HWY_TARGET != HWY_SCALAR
/// Four numbers from each of the places that fill a vector.
template <class D>
HWY_INLINE hn::Vec<D> load_pixels(D d, const float* row, const std::int32_t* places) {
  if constexpr (hn::MaxLanes(D()) == 4) {
    return hn::LoadU(d, row + places[0]);
  } else {
    const hn::Half<D> half;
    return hn::Combine(d, load_pixels(half, row, places + hn::MaxLanes(half) / 4), load_pixels(half, row, places));
  }
}
#endif

/// `count` RGB pixels, rounded, each between the pixels of `row` that begin at `lower` and `upper`; four fractions, all
/// the same, for each. Whole vectors are read and written: kSlack more of everything is there.
void blend_columns(const float* row, const std::int32_t* lower, const std::int32_t* upper, const float* fraction,
                   std::size_t count, std::uint8_t* out) {
#if HWY_TARGET == HWY_SCALAR
  for (std::size_t i = 0; i < 3 * count; ++i) {
    const float a = row[lower[i / 3] + static_cast<int>(i % 3)], b = row[upper[i / 3] + static_cast<int>(i % 3)];
    out[i] = static_cast<std::uint8_t>((b - a) * fraction[i / 3 * 4] + (a + 0.5f));
  }
#else
  const hn::CappedTag<float, 16> d;
  const hn::Rebind<std::int32_t, decltype(d)> d32;
  const hn::Rebind<std::uint8_t, decltype(d)> d8;
  constexpr std::size_t kPixels = hn::MaxLanes(d) / 4;
  HWY_ALIGN static constexpr std::uint8_t kThreeOfFour[16] = {0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 3, 7, 11, 15};
  const auto half = hn::Set(d, 0.5f);
  const auto packed = hn::Load(d8, kThreeOfFour);
  for (std::size_t x = 0; x < count; x += kPixels) {
    const auto a = load_pixels(d, row, lower + x), b = load_pixels(d, row, upper + x);
    const auto level = hn::MulAdd(b - a, hn::LoadU(d, fraction + 4 * x), a + half);
    const auto bytes = hn::DemoteTo(d8, hn::ConvertTo(d32, level));
    hn::StoreU(hn::TableLookupBytes(bytes, packed), d8, out + 3 * x);
  }
#endif
}

}  // namespace s4l::data::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace s4l::data {
namespace {

HWY_EXPORT(blend_rows);
HWY_EXPORT(blend_columns);

constexpr std::size_t kSlack = 16;  // numbers beyond the last that are read or written as a part of a vector

/// Where each output is read: `fraction` of the way from `lower` to `upper`, which count by `stride`.
struct Samples {
  std::vector<std::int32_t> lower, upper;
  std::vector<float> fraction;  ///< `copies` times the same for each

  Samples(int in, int out, int stride, std::size_t copies) {
    const auto count = static_cast<std::size_t>(out);
    lower.resize(count + kSlack);
    upper.resize(count + kSlack);
    fraction.resize((count + kSlack) * copies);
    const float scale = static_cast<float>(in) / static_cast<float>(out);
    for (std::size_t i = 0; i < count; ++i) {
      const float place = static_cast<float>(i) * scale;
      const int below = std::min(static_cast<int>(place), in - 1);
      lower[i] = stride * below;
      upper[i] = stride * std::min(below + 1, in - 1);
      std::fill_n(fraction.begin() + static_cast<std::ptrdiff_t>(i * copies), copies,
                  place - static_cast<float>(below));
    }
  }
};

}  // namespace

Image resize(const Image& image, Size size) {
  if (size == Size{image.height, image.width}) return image;
  const Samples rows(image.height, size.height, image.width * 3, 1), columns(image.width, size.width, 3, 4);
  const auto height = static_cast<std::size_t>(size.height), width = static_cast<std::size_t>(size.width);
  const std::size_t in_row = static_cast<std::size_t>(image.width) * 3, out_row = 3 * width;
  std::vector<float> blended(in_row + kSlack);
  std::vector<std::uint8_t> line(out_row + kSlack);
  Image out(size.height, size.width);
  const std::uint8_t* pixels = image.pixels.data();
  for (std::size_t y = 0; y < height; ++y) {
    HWY_DYNAMIC_DISPATCH(blend_rows)
    (pixels + rows.lower[y], pixels + rows.upper[y], rows.fraction[y], in_row, blended.data());
    HWY_DYNAMIC_DISPATCH(blend_columns)
    (blended.data(), columns.lower.data(), columns.upper.data(), columns.fraction.data(), width, line.data());
    std::copy_n(line.data(), out_row, out.pixels.data() + y * out_row);
  }
  return out;
}

ExactImage resize(const ExactImage& image, Size size) {
  if (size == Size{image.height, image.width}) return image;
  const Samples rows(image.height, size.height, image.width * 3, 1), columns(image.width, size.width, 3, 1);
  ExactImage out(size.height, size.width);
  float* to = out.pixels.data();
  for (std::size_t y = 0; y < static_cast<std::size_t>(size.height); ++y) {
    const float *upper = image.pixels.data() + rows.lower[y], *lower = image.pixels.data() + rows.upper[y];
    const auto blended = [&](std::int32_t i) { return upper[i] + rows.fraction[y] * (lower[i] - upper[i]); };
    for (std::size_t x = 0; x < static_cast<std::size_t>(size.width); ++x)
      for (std::int32_t c = 0; c < 3; ++c) {
        const float left = blended(columns.lower[x] + c), right = blended(columns.upper[x] + c);
        *to++ = left + columns.fraction[x] * (right - left);
      }
  }
  return out;
}

}  // namespace s4l::data
#endif
