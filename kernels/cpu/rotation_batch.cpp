// A block of rows of a mirrored and rotated picture is gathered as bytes, into the first cache, and then normalised to
// floats in one long run.
#include "s4l/core/ops/rotation_batch.h"

#include <algorithm>
#include <cstring>

#include "s4l/kernels/cpu/gather_pixels.h"
#include "s4l/kernels/cpu/parallel.h"
#include "s4l/kernels/cpu/past_caches.h"
#include "s4l/kernels/cpu/scratch.h"
#include "s4l/kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "s4l/kernels/cpu/rotation_batch.cpp"
#include <hwy/foreach_target.h>
#include <hwy/cache_control.h>
#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace s4l::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// y_i = factor[i mod 3] x_i + offset[i mod 3]; three vectors hold a whole number of pixels. `around`: write
/// past the caches where y allows it.
void normalize_bytes(const std::uint8_t* x, std::int64_t count, const float* factor, const float* offset, bool around,
                     float* y) {
  const hn::ScalableTag<float> d;
  const hn::Rebind<std::int32_t, decltype(d)> d32;
  const hn::Rebind<std::uint8_t, decltype(d)> d8;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  HWY_ALIGN float factors[3 * hn::MaxLanes(d)], offsets[3 * hn::MaxLanes(d)];
  for (std::int64_t i = 0; i < 3 * lanes; i += 3) {
    std::copy_n(factor, 3, factors + i);
    std::copy_n(offset, 3, offsets + i);
  }
  const auto normalized = [&](std::int64_t from, std::int64_t k) HWY_ATTR {
    const auto value = hn::ConvertTo(d, hn::PromoteTo(d32, hn::LoadU(d8, x + from + k)));
    return hn::MulAdd(value, hn::Load(d, factors + k), hn::Load(d, offsets + k));
  };
  std::int64_t i = 0;
  if (around && streams_to(y, 0)) {
    for (; i + 3 * lanes <= count; i += 3 * lanes)
      for (std::int64_t k = 0; k < 3 * lanes; k += lanes) hn::Stream(normalized(i, k), d, y + i + k);
    hwy::FlushStream();
  }
  for (; i + 3 * lanes <= count; i += 3 * lanes)
    for (std::int64_t k = 0; k < 3 * lanes; k += lanes) hn::StoreU(normalized(i, k), d, y + i + k);
  const hn::CappedTag<float, 1> one;
  for (; i < count; ++i) {
    const auto value = hn::Set(one, static_cast<float>(x[i]));
    hn::StoreU(hn::MulAdd(value, hn::Set(one, factor[i % 3]), hn::Set(one, offset[i % 3])), one, y + i);
  }
}

/// x^power gain + offset, clipped to [0, 1]; x in [0, 1].
template <class D, class V>
V noisy(D d, V x, float power, float gain, float offset) {
  const auto zero = hn::Zero(d);
  const auto raised = hn::IfThenElse(x > zero, hn::Exp(d, hn::Set(d, power) * hn::Log(d, x)), zero);
  return hn::Min(hn::Max(hn::MulAdd(raised, hn::Set(d, gain), hn::Set(d, offset)), zero), hn::Set(d, 1));
}

/// with_hsv_noise() on vectors of pixels.
template <class D, class V>
void add_hsv_noise(D d, const HsvNoise& noise, V& r, V& g, V& b) {
  const auto zero = hn::Zero(d), one = hn::Set(d, 1), two = hn::Set(d, 2), tiny = hn::Set(d, 1e-30f);
  const auto clip = [&](V x) { return hn::Min(hn::Max(x, zero), one); };
  const V value = hn::Max(r, hn::Max(g, b)), range = value - hn::Min(r, hn::Min(g, b));
  const V share = one / hn::Max(range * hn::Set(d, 6), tiny);
  const V at_g = hn::MulAdd(b - r, share, hn::Set(d, 1 / 3.f)), at_b = hn::MulAdd(r - g, share, hn::Set(d, 2 / 3.f));
  const V hue = hn::IfThenElse(r == value, (g - b) * share, hn::IfThenElse(g == value, at_g, at_b));
  const V h = hue + hn::Set(d, 1 + noise.hue), six = (h - hn::Floor(h)) * hn::Set(d, 6);
  const V s = noisy(d, range / hn::Max(value, tiny), noise.s_power, noise.s_gain, noise.s_offset);
  const V v = noisy(d, value, noise.v_power, noise.v_gain, noise.v_offset);
  const auto channel = [&](V c) { return hn::MulAdd(s, clip(c) - one, one) * v; };
  r = channel(hn::Abs(six - hn::Set(d, 3)) - one);
  g = channel(two - hn::Abs(six - two));
  b = channel(two - hn::Abs(six - hn::Set(d, 4)));
}

/// y = factor[c] x + offset[c] of channel c after HSV noise, `count` pixels.
void normalize_noisy_pixels(const std::uint8_t* x, std::int64_t count, const HsvNoise& noise, const float* factor,
                            const float* offset, float* y) {
  const hn::ScalableTag<float> d;
  const hn::Rebind<std::int32_t, decltype(d)> d32;
  const hn::Rebind<std::uint8_t, decltype(d)> d8;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto convert = [&](auto bytes) { return hn::ConvertTo(d, hn::PromoteTo(d32, bytes)) * hn::Set(d, 1 / 255.f); };
  const auto store = [&](auto c, const std::size_t channel) {
    return hn::MulAdd(c, hn::Set(d, 255 * factor[channel]), hn::Set(d, offset[channel]));
  };
  const auto run = [&](const std::uint8_t* from, float* to) {
    hn::Vec<decltype(d8)> red, green, blue;
    hn::LoadInterleaved3(d8, from, red, green, blue);
    auto r = convert(red), g = convert(green), b = convert(blue);
    add_hsv_noise(d, noise, r, g, b);
    hn::StoreInterleaved3(store(r, 0), store(g, 1), store(b, 2), d, to);
  };
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) run(x + 3 * i, y + 3 * i);
  if (i == count) return;
  std::uint8_t bytes[3 * hn::MaxLanes(d)] = {};
  float numbers[3 * hn::MaxLanes(d)];
  const std::int64_t rest = 3 * (count - i);
  for (std::int64_t k = 0; k < rest; ++k) bytes[k] = x[3 * i + k];
  run(bytes, numbers);
  for (std::int64_t k = 0; k < rest; ++k) y[3 * i + k] = numbers[k];
}

}  // namespace s4l::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace s4l::cpu {
namespace {

HWY_EXPORT(normalize_bytes);
HWY_EXPORT(normalize_noisy_pixels);

/// How the levels of one picture become floats.
struct Levels {
  float factor[3], offset[3];
  const float* noise;  ///< the numbers of an HsvNoise, or null

  Levels(const PictureDraws& draws, std::int64_t sample, const Normalization& normalization)
      : noise(draws.noise ? draws.noise.data<float>() + sample * HsvNoise::kNumbers : nullptr) {
    const float* range = draws.range ? draws.range.data<float>() + 2 * sample : nullptr;
    for (std::size_t c = 0; c < 3; ++c) {
      factor[c] = range ? range[0] : 1 / (255 * normalization.deviation[c]);
      offset[c] = range ? range[1] : -normalization.mean[c] / normalization.deviation[c];
    }
  }

  void convert(const std::uint8_t* pixels, std::int64_t count, bool around, float* y) const {
    if (noise == nullptr) return HWY_DYNAMIC_DISPATCH(normalize_bytes)(pixels, 3 * count, factor, offset, around, y);
    const HsvNoise draws{noise[0], noise[1], noise[2], noise[3], noise[4], noise[5], noise[6]};
    HWY_DYNAMIC_DISPATCH(normalize_noisy_pixels)(pixels, count, draws, factor, offset, y);
  }
};

}  // namespace

void rotation_batch(const Tensor& pictures, const Tensor& index, const PictureDraws& draws,
                    const RotationBatchOptions& options, const Tensor& y) {
  const Shape in = pictures.shape();
  const std::int64_t h = in[1], w = in[2];
  const std::int32_t* which = index ? index.data<std::int32_t>() : nullptr;
  const std::uint8_t* flip = draws.flip ? draws.flip.data<std::uint8_t>() : nullptr;
  for (std::int64_t i = 0; which && i < index.numel(); ++i)
    check(0 <= which[i] && which[i] < in[0], "rotation_batch: expected an index from 0 to {}, got {} in place {}",
          in[0] - 1, which[i], i);
  constexpr std::int64_t kPixels = 1 << 12,
                         kFewest = 16;  // a view on its side reads 48 bytes or more of each picture row
  const std::int64_t block =
      std::clamp(kPixels / std::max<std::int64_t>(w, 1) / kFewest * kFewest, kFewest, h + kFewest);
  const std::int64_t blocks = (h + block - 1) / block;
  const std::uint8_t* const limit = pictures.data<std::uint8_t>() + pictures.numel();
  const bool around = past_caches(y);
  parallel(y.shape()[0] * blocks, [&](std::int64_t task) {
    const Scratch rows((std::min(block, h) * w * 3 + 3) / 4);
    const std::int64_t row = task / blocks, sample = row / options.rotations;
    const std::int64_t begin = task % blocks * block, end = std::min(begin + block, h);
    const std::int64_t from = which ? which[sample] : sample;
    const std::uint8_t* picture = pictures.data<std::uint8_t>() + from * h * w * 3;
    const PixelMap map = view_map(static_cast<int>(row % options.rotations), flip && flip[sample] != 0, h, w);
    const std::uint8_t* bytes = picture + 3 * begin * w;  // upright: as it lies
    if (map.row != w || map.column != 1) {
      auto* gathered = reinterpret_cast<std::uint8_t*>(rows.data());
      gather_pixels(picture, limit, map, begin, end, w, gathered);
      bytes = gathered;
    }
    Levels(draws, sample, options.normalization)
        .convert(bytes, (end - begin) * w, around, y.data<float>() + (row * h + begin) * w * 3);
  });
}

void rotation_labels(const Tensor& y) {
  for (std::int64_t i = 0; i < y.numel(); ++i) y.data<std::int32_t>()[i] = static_cast<std::int32_t>(i % 4);
}

void repeat_labels(const Tensor& labels, int times, const Tensor& y) {
  if (labels.numel() == 0) return;
  const std::size_t row = labels.bytes() / static_cast<std::size_t>(labels.shape()[0]);
  const auto* from = static_cast<const char*>(labels.raw());
  auto* to = static_cast<char*>(y.raw());
  for (std::int64_t i = 0; i < labels.shape()[0]; ++i, from += row)
    for (int k = 0; k < times; ++k, to += row) std::memcpy(to, from, row);
}

void picture_labels(std::int64_t views, const Tensor& y) {
  for (std::int64_t i = 0; i < y.numel(); ++i) y.data<std::int32_t>()[i] = static_cast<std::int32_t>(i / views);
}

}  // namespace s4l::cpu
#endif
