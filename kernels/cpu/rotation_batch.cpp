// A view of a picture shows its lines, rows or columns, in one order or the other. A strip of
// columns is transposed once, for two views; then a few lines at a time are put in a view's order as bytes, in the
// first cache, and normalised to floats.
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

#ifndef S4L_KERNELS_CPU_ROTATION_BATCH
#define S4L_KERNELS_CPU_ROTATION_BATCH
namespace s4l::cpu {

/// What makes numbers of bytes, channel after channel: for three vectors of at most 16 numbers from any channel on.
struct Scale {
  float factor[50], offset[50];
};

}  // namespace s4l::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace s4l::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// y_i = scale.factor[i] x_i + scale.offset[i], which repeat after three; three vectors hold a whole number of pixels.
/// `around`: write past the caches.
void normalize_bytes(const std::uint8_t* x, std::int64_t count, const Scale& scale, bool around, float* y) {
  const hn::ScalableTag<float> d;
  const hn::Rebind<std::int32_t, decltype(d)> d32;
  const hn::Rebind<std::uint8_t, decltype(d)> d8;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto one_by_one = [&](std::int64_t i, std::int64_t end) HWY_ATTR {
    const hn::CappedTag<float, 1> one;
    for (; i < end; ++i) {
      const auto value = hn::Set(one, static_cast<float>(x[i]));
      hn::StoreU(hn::MulAdd(value, hn::Set(one, scale.factor[i % 3]), hn::Set(one, scale.offset[i % 3])), one, y + i);
    }
  };
  const auto past = static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(y) / sizeof(float)) % lanes;
  std::int64_t i = around ? std::min(count, (lanes - past) % lanes) : 0;
  one_by_one(0, i);
  const float *const factor = scale.factor + i % 3, *const offset = scale.offset + i % 3;
  const hn::Vec<decltype(d)> factors[3] = {hn::LoadU(d, factor), hn::LoadU(d, factor + lanes),
                                           hn::LoadU(d, factor + 2 * lanes)};
  const hn::Vec<decltype(d)> offsets[3] = {hn::LoadU(d, offset), hn::LoadU(d, offset + lanes),
                                           hn::LoadU(d, offset + 2 * lanes)};
  const auto normalized = [&](std::int64_t k) HWY_ATTR {
    const auto value = hn::ConvertTo(d, hn::PromoteTo(d32, hn::LoadU(d8, x + i + k * lanes)));
    return hn::MulAdd(value, factors[k], offsets[k]);
  };
  for (; around && i + 3 * lanes <= count; i += 3 * lanes)
    for (std::int64_t k = 0; k < 3; ++k) hn::Stream(normalized(k), d, y + i + k * lanes);
  for (; i + 3 * lanes <= count; i += 3 * lanes)
    for (std::int64_t k = 0; k < 3; ++k) hn::StoreU(normalized(k), d, y + i + k * lanes);
  one_by_one(i, count);
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
  Scale scale;
  const float* noise;  ///< the numbers of an HsvNoise, or null

  Levels(const PictureDraws& draws, std::int64_t sample, const Normalization& normalization)
      : noise(draws.noise ? draws.noise.data<float>() + sample * HsvNoise::kNumbers : nullptr) {
    const float* range = draws.range ? draws.range.data<float>() + 2 * sample : nullptr;
    for (std::size_t i = 0; i < std::size(scale.factor); ++i) {
      const std::size_t c = i % 3;
      scale.factor[i] = range ? range[0] : 1 / (255 * normalization.deviation[c]);
      scale.offset[i] = range ? range[1] : -normalization.mean[c] / normalization.deviation[c];
    }
  }

  void convert(const std::uint8_t* pixels, std::int64_t count, bool around, float* y) const {
    if (noise == nullptr) return HWY_DYNAMIC_DISPATCH(normalize_bytes)(pixels, 3 * count, scale, around, y);
    const HsvNoise draws{noise[0], noise[1], noise[2], noise[3], noise[4], noise[5], noise[6]};
    HWY_DYNAMIC_DISPATCH(normalize_noisy_pixels)(pixels, count, draws, scale.factor, scale.offset, y);
  }
};

/// How a view (spec 5.3) shows the lines of a picture that is mirrored before it turns: its rows, or its columns, in
/// which order, and how each lies.
struct View {
  bool columns, last_first, backwards;

  View(int k, bool flip)
      : columns(k % 2 == 1),
        last_first(columns ? (k == 1) != flip : k == 2),
        backwards(columns ? k == 3 : (k == 2) != flip) {}
};

/// The pixels of so many lines, as they lie in `lines`, in a view's order: where they are, or copied to `to`.
const std::uint8_t* in_order(const View& view, const std::uint8_t* lines, std::int64_t count, std::int64_t length,
                             std::uint8_t* to) {
  if (!view.last_first && !view.backwards) return lines;
  if (view.last_first && view.backwards) {
    reverse_pixels(lines, count * length, to);
    return to;
  }
  const auto bytes = static_cast<std::size_t>(3 * length);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint8_t* const line = lines + 3 * length * (view.last_first ? count - 1 - i : i);
    std::uint8_t* const place = to + 3 * length * i;
    if (view.backwards)
      reverse_pixels(line, length, place);
    else
      std::memcpy(place, line, bytes);
  }
  return to;
}

/// Lines of about so many pixels: fours, which are turned together, and no more than there are.
std::int64_t lines_of(std::int64_t pixels, std::int64_t h, std::int64_t w) {
  return std::clamp<std::int64_t>(pixels / std::max<std::int64_t>(w, 1) / 4 * 4, 4, std::max<std::int64_t>(h, 4));
}

std::uint8_t* bytes_of(const Scratch& scratch) { return reinterpret_cast<std::uint8_t*>(scratch.data()); }

}  // namespace

void rotation_batch(const Tensor& pictures, const Tensor& index, const PictureDraws& draws,
                    const RotationBatchOptions& options, const Tensor& y) {
  const Shape in = pictures.shape();
  const std::int64_t h = in[1], w = in[2], samples = y.shape()[0] / options.rotations;
  const std::int32_t* which = index ? index.data<std::int32_t>() : nullptr;
  const std::uint8_t* flip = draws.flip ? draws.flip.data<std::uint8_t>() : nullptr;
  for (std::int64_t i = 0; which && i < index.numel(); ++i)
    check(0 <= which[i] && which[i] < in[0], "rotation_batch: expected an index from 0 to {}, got {} in place {}",
          in[0] - 1, which[i], i);
  // Short runs: the pixels of one are put in order before the stores of the last have drained.
  const std::int64_t strip = lines_of(1 << 10, h, w), block = lines_of(1 << 14, h, w), blocks = (h + block - 1) / block;
  const std::int64_t run = std::max<std::int64_t>(1, 256 / std::max<std::int64_t>(w, 1));
  const bool around = past_caches(y);
  parallel(samples * blocks, [&](std::int64_t task) {
    const std::int64_t sample = task / blocks, stop = std::min((task % blocks + 1) * block, h);
    const std::int64_t from = which ? which[sample] : sample;
    const std::uint8_t* picture = pictures.data<std::uint8_t>() + from * h * w * 3;
    const Levels levels(draws, sample, options.normalization);
    const Scratch columns((strip * h * 3 + 3) / 4), ordered((run * w * 3 + 3) / 4);
    for (std::int64_t begin = task % blocks * block; begin < stop; begin += strip) {
      const std::int64_t count = std::min(strip, stop - begin);
      if (options.rotations > 1) transpose_pixels(picture, h, w, begin, begin + count, bytes_of(columns));
      for (int k = 0; k < options.rotations; ++k) {
        const View view(k, flip && flip[sample] != 0);
        const std::uint8_t* lines = view.columns ? bytes_of(columns) : picture + begin * w * 3;
        const std::int64_t first = view.last_first ? h - begin - count : begin;
        float* const to = y.data<float>() + ((sample * options.rotations + k) * h + first) * w * 3;
        for (std::int64_t i = 0; i < count; i += run) {
          const std::int64_t some = std::min(run, count - i), at = view.last_first ? count - i - some : i;
          const std::uint8_t* pixels = in_order(view, lines + at * w * 3, some, w, bytes_of(ordered));
          levels.convert(pixels, some * w, around, to + i * w * 3);
        }
      }
    }
    if (around) hwy::FlushStream();
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
