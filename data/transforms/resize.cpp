// A row of the picture is gathered into three planes of floats, one a channel, and interpolated along x on the way; two
// such rows give an output row. A pixel is read as the four bytes that begin with it.
#include <algorithm>
#include <array>
#include <cstring>
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

/// planes[c][x] = the row's channel c between the pixels at byte offsets lower[x] and upper[x]; `count` is a multiple
/// of the lanes. The row has a readable byte more than its pixels.
void interpolate_row(const std::uint8_t* row, const std::int32_t* lower, const std::int32_t* upper,
                     const float* fraction, std::size_t count, float* planes) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  const auto* words = reinterpret_cast<const std::int32_t*>(row);
  const auto level = hn::Set(di, 255);
  for (std::size_t x = 0; x < count; x += hn::Lanes(d)) {
    auto left = hn::GatherOffset(di, words, hn::LoadU(di, lower + x));
    auto right = hn::GatherOffset(di, words, hn::LoadU(di, upper + x));
    const auto t = hn::LoadU(d, fraction + x);
    for (std::size_t c = 0; c < 3; ++c) {
      const auto a = hn::ConvertTo(d, hn::And(left, level)), b = hn::ConvertTo(d, hn::And(right, level));
      hn::StoreU(hn::MulAdd(b - a, t, a), d, planes + c * count + x);
      left = hn::ShiftRight<8>(left);
      right = hn::ShiftRight<8>(right);
    }
  }
}

/// RGB bytes between two rows of planes, rounded; `out` has room for `count` pixels.
void blend_rows(const float* upper, const float* lower, float fraction, std::size_t count, std::uint8_t* out) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  const hn::Rebind<std::uint8_t, decltype(d)> d8;
  const auto t = hn::Set(d, fraction), half = hn::Set(d, 0.5f);
  const auto between = [&](std::size_t at) {
    const auto a = hn::LoadU(d, upper + at), b = hn::LoadU(d, lower + at);
    return hn::DemoteTo(d8, hn::ConvertTo(di, hn::MulAdd(b - a, t, a) + half));
  };
  for (std::size_t x = 0; x < count; x += hn::Lanes(d))
    hn::StoreInterleaved3(between(x), between(x + count), between(x + 2 * count), d8, out + 3 * x);
}

std::size_t lanes() { return hn::Lanes(hn::ScalableTag<float>()); }

}  // namespace s4l::data::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace s4l::data {
namespace {

HWY_EXPORT(interpolate_row);
HWY_EXPORT(blend_rows);
HWY_EXPORT(lanes);

/// Where output rows or columns are read: `fraction` of the way from `lower` to `upper`.
struct Samples {
  std::vector<std::int32_t> lower, upper;
  std::vector<float> fraction;

  Samples(int in, int out, std::size_t padded) : lower(padded), upper(padded), fraction(padded) {
    const float scale = static_cast<float>(in) / static_cast<float>(out);
    for (std::size_t i = 0; i < static_cast<std::size_t>(out); ++i) {
      const float place = static_cast<float>(i) * scale;
      lower[i] = std::min(static_cast<std::int32_t>(place), in - 1);
      upper[i] = std::min(lower[i] + 1, in - 1);
      fraction[i] = place - static_cast<float>(lower[i]);
    }
  }
  void count_bytes() {
    for (std::int32_t& at : lower) at *= 3;
    for (std::int32_t& at : upper) at *= 3;
  }
};

/// Rows of the picture, interpolated along x; the last two that were asked for are kept.
class Rows {
 public:
  Rows(const Image& image, int width)
      : image_(image),
        count_(hwy::RoundUpTo(static_cast<std::size_t>(width), HWY_DYNAMIC_DISPATCH(lanes)())),
        columns_(image.width, width, count_),
        last_row_(image.at(image.height - 1, 0), image.at(image.height - 1, 0) + 3 * image.width) {
    columns_.count_bytes();
    last_row_.push_back(0);
    for (Kept& kept : kept_) kept.planes.resize(3 * count_);
  }
  std::size_t count() const { return count_; }

  /// Row y; a second one stays valid while this is asked for.
  const float* at(int y) {
    if (kept_[recent_].row == y) return kept_[recent_].planes.data();
    recent_ = 1 - recent_;
    Kept& kept = kept_[recent_];
    if (kept.row == y) return kept.planes.data();
    kept.row = y;
    HWY_DYNAMIC_DISPATCH(interpolate_row)
    (y + 1 < image_.height ? image_.at(y, 0) : last_row_.data(), columns_.lower.data(), columns_.upper.data(),
     columns_.fraction.data(), count_, kept.planes.data());
    return kept.planes.data();
  }

 private:
  struct Kept {
    int row = -1;
    std::vector<float> planes;
  };
  const Image& image_;
  std::size_t count_;
  Samples columns_;
  std::vector<std::uint8_t> last_row_;  // with a byte more
  std::array<Kept, 2> kept_;
  std::size_t recent_ = 0;
};

}  // namespace

Image resize(const Image& image, Size size) {
  if (size == Size{image.height, image.width}) return image;
  Rows source(image, size.width);
  const Samples rows(image.height, size.height, static_cast<std::size_t>(size.height));
  Image out(size.height, size.width);
  std::vector<std::uint8_t> line(3 * source.count());
  for (std::size_t y = 0; y < rows.lower.size(); ++y) {
    const float *upper = source.at(rows.lower[y]), *lower = source.at(rows.upper[y]);
    HWY_DYNAMIC_DISPATCH(blend_rows)(upper, lower, rows.fraction[y], source.count(), line.data());
    std::copy_n(line.data(), 3 * size.width, out.at(static_cast<int>(y), 0));
  }
  return out;
}

}  // namespace s4l::data
#endif
