// Channels are contiguous, so a vector is a run of channels. The running maximum and its place stay in registers;
// backward gathers, per input pixel, from the windows that hold it.
#include "s4l/core/ops/pool.h"

#include <algorithm>
#include <limits>

#include "s4l/kernels/cpu/parallel.h"
#include "s4l/kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "s4l/kernels/cpu/pool.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace s4l::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Places (u8 in memory) as lanes of T.
template <class D>
HWY_INLINE hn::Vec<D> load_places(D d, const std::uint8_t* from) {
  const hn::Rebind<std::int32_t, D> d32;
  const auto places = hn::PromoteTo(d32, hn::LoadU(hn::Rebind<std::uint8_t, D>(), from));
  if constexpr (sizeof(hn::TFromD<D>) == 8)
    return hn::PromoteTo(d, places);
  else
    return hn::ConvertTo(d, places);
}
template <class D>
HWY_INLINE void store_places(D, hn::Vec<D> places, std::uint8_t* to) {
  const hn::Rebind<std::int32_t, D> d32;
  const hn::Rebind<std::uint8_t, D> d8;
  if constexpr (sizeof(hn::TFromD<D>) == 8)
    hn::StoreU(hn::DemoteTo(d8, hn::DemoteTo(d32, places)), d8, to);
  else
    hn::StoreU(hn::DemoteTo(d8, hn::ConvertTo(d32, places)), d8, to);
}

/// Output pixel (i, j) of one picture x, from channel c on; kInside: a window of 3x3 that lies in the picture.
template <bool kInside, class D, class T>
HWY_INLINE void pool_vector(D d, const T* x, const Shape& in, const MaxPoolOptions& o, std::int64_t i, std::int64_t j,
                            std::int64_t c, T* y, std::uint8_t* argmax) {
  auto best = hn::Set(d, -std::numeric_limits<T>::infinity());
  const auto nobody = hn::Set(d, static_cast<T>(o.kernel * o.kernel));
  auto winner = nobody, place = hn::Zero(d);
  const std::int64_t top = i * o.stride - o.padding, left = j * o.stride - o.padding, side = kInside ? 3 : o.kernel;
#pragma GCC unroll 3
  for (std::int64_t row = top; row < top + side; ++row)
#pragma GCC unroll 3
    for (std::int64_t column = left; column < left + side; ++column, place = hn::Add(place, hn::Set(d, T{1}))) {
      const bool inside = kInside || (0 <= row && row < in[1] && 0 <= column && column < in[2]);
      if (!inside && !o.zero_padding) continue;
      const auto value = inside ? hn::LoadU(d, x + (row * in[2] + column) * in[3] + c) : hn::Zero(d);
      const auto larger = hn::AndNot(hn::Le(value, best), hn::Eq(best, best));  // a NaN wins, and stays
      best = hn::IfThenElse(larger, value, best);
      winner = hn::IfThenElse(larger, inside ? place : nobody, winner);
    }
  hn::StoreU(best, d, y + c);
  store_places(d, winner, argmax + c);
}

/// Row `i` of one picture's output.
template <class T>
void pool_row(const T* x, const Shape& in, const Shape& out, const MaxPoolOptions& o, std::int64_t i, T* y,
              std::uint8_t* argmax) {
  const hn::ScalableTag<T> d;
  const hn::CappedTag<T, 1> one;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t top = i * o.stride - o.padding;
  for (std::int64_t j = 0; j < out[2]; ++j, y += out[3], argmax += out[3]) {
    const std::int64_t left = j * o.stride - o.padding;
    const bool inside = o.kernel == 3 && top >= 0 && left >= 0 && top + 3 <= in[1] && left + 3 <= in[2];
    std::int64_t c = 0;
    for (; inside && c + lanes <= out[3]; c += lanes) pool_vector<true>(d, x, in, o, i, j, c, y, argmax);
    for (; c + lanes <= out[3]; c += lanes) pool_vector<false>(d, x, in, o, i, j, c, y, argmax);
    for (; c < out[3]; ++c) pool_vector<false>(one, x, in, o, i, j, c, y, argmax);
  }
}

/// The windows [first, last] along one side that hold input place `at`.
struct Windows {
  std::int64_t first, last;
  Windows(std::int64_t at, std::int64_t count, const MaxPoolOptions& o) {
    const std::int64_t beyond = at + o.padding - o.kernel;
    first = beyond < 0 ? 0 : beyond / o.stride + 1;
    last = std::min(count - 1, (at + o.padding) / o.stride);
  }
};

/// The windows that hold one input pixel: where their channels begin, and which place in them the pixel has.
struct Holders {
  static constexpr std::size_t kMost = 225;  // places are bytes: a window has 15 x 15 at most
  std::size_t count = 0;
  std::int64_t at[kMost], place[kMost];

  Holders(const Shape& out, const MaxPoolOptions& o, const Windows& down, const Windows& across, std::int64_t row,
          std::int64_t column) {
    for (std::int64_t i = down.first; i <= down.last; ++i)
      for (std::int64_t j = across.first; j <= across.last; ++j, ++count) {
        at[count] = (i * out[2] + j) * out[3];
        place[count] = (row + o.padding - i * o.stride) * o.kernel + column + o.padding - j * o.stride;
      }
  }
};

/// The gradient of one input pixel's channels [c, channels), in whole vectors, and the first that is left. kCount: how
/// many windows hold it, or 0, any number.
template <std::size_t kCount, class D, class T>
HWY_INLINE std::int64_t gather_vectors(D d, const T* gy, const std::uint8_t* argmax, const Holders& holders,
                                       std::int64_t c, std::int64_t channels, T* gx) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::size_t count = kCount > 0 ? kCount : holders.count;
  for (; c + lanes <= channels; c += lanes) {
    auto sum = hn::Zero(d);
#pragma GCC unroll 4
    for (std::size_t k = 0; k < count; ++k) {
      const std::int64_t at = holders.at[k] + c;
      const auto won = hn::Eq(load_places(d, argmax + at), hn::Set(d, static_cast<T>(holders.place[k])));
      sum = hn::Add(sum, hn::IfThenElseZero(won, hn::LoadU(d, gy + at)));
    }
    hn::StoreU(sum, d, gx + c);
  }
  return c;
}

/// Row `row` of one picture's input gradient.
template <class T>
void gather_row(const T* gy, const std::uint8_t* argmax, const Shape& in, const Shape& out, const MaxPoolOptions& o,
                std::int64_t row, T* gx) {
  const hn::ScalableTag<T> d;
  const hn::CappedTag<T, 1> one;
  const Windows down(row, out[1], o);
  for (std::int64_t column = 0; column < in[2]; ++column, gx += in[3]) {
    const Holders holders(out, o, down, Windows(column, out[2], o), row, column);
    const auto gather = [&]<std::size_t kCount>()
                            HWY_ATTR { return gather_vectors<kCount>(d, gy, argmax, holders, 0, in[3], gx); };
    const std::int64_t c = holders.count == 1   ? gather.template operator()<1>()
                           : holders.count == 2 ? gather.template operator()<2>()
                           : holders.count == 4 ? gather.template operator()<4>()
                                                : gather.template operator()<0>();
    gather_vectors<0>(one, gy, argmax, holders, c, in[3], gx);
  }
}

void pool_task(const Tensor& x, const MaxPoolOptions& o, const Tensor& y, const Tensor& argmax, std::int64_t task) {
  const Shape &in = x.shape(), &out = y.shape();
  const std::int64_t picture = task / out[1] * in[1] * in[2] * in[3], to = task * out[2] * out[3];
  std::uint8_t* places = argmax.data<std::uint8_t>() + to;
  if (x.dtype() == DType::f32)
    pool_row(x.data<float>() + picture, in, out, o, task % out[1], y.data<float>() + to, places);
  else
    pool_row(x.data<double>() + picture, in, out, o, task % out[1], y.data<double>() + to, places);
}

void gather_task(const Tensor& gy, const Tensor& argmax, const MaxPoolOptions& o, const Tensor& gx, std::int64_t task) {
  const Shape &in = gx.shape(), &out = gy.shape();
  const std::int64_t picture = task / in[1] * out[1] * out[2] * out[3], to = task * in[2] * in[3];
  const std::uint8_t* places = argmax.data<std::uint8_t>() + picture;
  if (gy.dtype() == DType::f32)
    gather_row(gy.data<float>() + picture, places, in, out, o, task % in[1], gx.data<float>() + to);
  else
    gather_row(gy.data<double>() + picture, places, in, out, o, task % in[1], gx.data<double>() + to);
}

}  // namespace s4l::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace s4l::cpu {
namespace {

HWY_EXPORT(pool_task);
HWY_EXPORT(gather_task);

constexpr std::int64_t kStrip = 64;  // channels whose sums stay in the first cache

}  // namespace

void max_pool2d(const Tensor& x, const MaxPoolOptions& options, const Tensor& y, const Tensor& argmax) {
  const auto pool = HWY_DYNAMIC_DISPATCH(pool_task);
  parallel(y.shape()[0] * y.shape()[1], [&](std::int64_t task) { pool(x, options, y, argmax, task); });
}

void max_pool2d_backward(const Tensor& gy, const Tensor& argmax, const MaxPoolOptions& options, const Tensor& gx) {
  const auto gather = HWY_DYNAMIC_DISPATCH(gather_task);
  parallel(gx.shape()[0] * gx.shape()[1], [&](std::int64_t task) { gather(gy, argmax, options, gx, task); });
}

void global_avg_pool(const Tensor& x, const Tensor& y) {
  const std::int64_t pixels = x.shape()[1] * x.shape()[2], channels = x.shape()[3];
  const std::int64_t strips = (channels + kStrip - 1) / kStrip;
  with_float(x.dtype(), [&]<class T>() {
    parallel(x.shape()[0] * strips, [&](std::int64_t task) {
      const std::int64_t n = task / strips, c0 = task % strips * kStrip, count = std::min(kStrip, channels - c0);
      double sum[kStrip] = {};
      for (std::int64_t p = 0; p < pixels; ++p) {
        const T* value = x.data<T>() + (n * pixels + p) * channels + c0;
        for (std::int64_t c = 0; c < count; ++c) sum[c] += static_cast<double>(value[c]);
      }
      for (std::int64_t c = 0; c < count; ++c)
        y.data<T>()[n * channels + c0 + c] = static_cast<T>(sum[c] / static_cast<double>(pixels));
    });
  });
}

void global_avg_pool_backward(const Tensor& gy, const Tensor& gx) {
  const std::int64_t pixels = gx.shape()[1] * gx.shape()[2], channels = gx.shape()[3];
  with_float(gy.dtype(), [&]<class T>() {
    const T share = T{1} / static_cast<T>(pixels);
    parallel(gx.shape()[0], [&](std::int64_t n) {
      const T* g = gy.data<T>() + n * channels;
      T* to = gx.data<T>() + n * pixels * channels;
      for (std::int64_t p = 0; p < pixels; ++p)
        for (std::int64_t c = 0; c < channels; ++c) to[p * channels + c] = g[c] * share;
    });
  });
}

}  // namespace s4l::cpu
#endif
