// Rows of a picture batch moved by a length. A task is a row; lengths are summed in double.
#include "s4l/core/ops/vat.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "s4l/kernels/cpu/dot.h"
#include "s4l/kernels/cpu/parallel.h"
#include "s4l/kernels/cpu/past_caches.h"
#include "s4l/kernels/cpu/scratch.h"
#include "s4l/kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "s4l/kernels/cpu/vat.cpp"
#include <hwy/foreach_target.h>
#include <hwy/cache_control.h>
#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace s4l::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using DU = hn::RebindToUnsigned<D>;
using V = hn::Vec<D>;
using VU = hn::Vec<DU>;

/// The halves of the products a factor.
HWY_INLINE void multiply(VU a, std::uint32_t factor, VU& high, VU& low) {
  const DU du;
#if HWY_TARGET == HWY_SCALAR
  const std::uint64_t product = std::uint64_t{hn::GetLane(a)} * factor;
  high = hn::Set(du, static_cast<std::uint32_t>(product >> 32));
  low = hn::Set(du, static_cast<std::uint32_t>(product));
#else
  const hn::RepartitionToWide<DU> wide;
  const VU f = hn::Set(du, factor);
  const auto even = hn::MulEven(a, f), odd = hn::MulEven(hn::BitCast(du, hn::ShiftRight<32>(hn::BitCast(wide, a))), f);
  high = hn::OddEven(hn::BitCast(du, odd), hn::BitCast(du, hn::ShiftRight<32>(even)));
  low = hn::OddEven(hn::BitCast(du, hn::ShiftLeft<32>(odd)), hn::BitCast(du, even));
#endif
}

/// philox() of core/rng.h for a vector of counters.
HWY_INLINE void philox(VU (&counter)[4], std::uint32_t key0, std::uint32_t key1) {
  const DU du;
  for (int round = 0; round < 10; ++round, key0 += 0x9E3779B9u, key1 += 0xBB67AE85u) {
    VU high0, low0, high2, low2;
    multiply(counter[0], 0xD2511F53u, high0, low0);
    multiply(counter[2], 0xCD9E8D57u, high2, low2);
    counter[0] = hn::Xor(hn::Xor(high2, counter[1]), hn::Set(du, key0));
    counter[1] = low2;
    counter[2] = hn::Xor(hn::Xor(high0, counter[3]), hn::Set(du, key1));
    counter[3] = low0;
  }
}

/// formula::normal_pair for vectors.
HWY_INLINE void normal_pair(VU a, VU b, V& first, V& second) {
  const D d;
  const hn::RebindToSigned<D> di;
  const auto number = [&](VU bits) { return hn::ConvertTo(d, hn::BitCast(di, hn::ShiftRight<8>(bits))); };
  const V u = hn::Mul(hn::Add(number(a), hn::Set(d, 1)), hn::Set(d, 0x1p-24f));
  const V angle = hn::Mul(hn::Set(d, 6.2831853071795864769f), hn::Mul(number(b), hn::Set(d, 0x1p-24f)));
  const V radius = hn::Sqrt(hn::Mul(hn::Set(d, -2), hn::Log(d, u)));
  first = hn::Mul(radius, hn::Cos(d, angle));
  second = hn::Mul(radius, hn::Sin(d, angle));
}

/// Writes at least the `size` normals of a row, whole vectors of blocks, and returns the sum of the `size` squares.
/// Four come of a block of Philox, whose last counter word says the row: plus one, apart from what Rng itself draws.
double draw_normals(const std::array<std::uint32_t, 6>& words, std::int64_t row, std::int64_t size, float* to) {
  const D d;
  const DU du;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t i = 0; i < size; i += 4 * lanes) {
    VU block[4] = {hn::Iota(du, words[2] + static_cast<std::uint32_t>(i / 4)), hn::Set(du, words[3]),
                   hn::Set(du, words[4]), hn::Set(du, words[5] + static_cast<std::uint32_t>(row) + 1)};
    philox(block, words[0], words[1]);
    V a, b, c, e;
    normal_pair(block[0], block[1], a, b);
    normal_pair(block[2], block[3], c, e);
    hn::StoreInterleaved4(a, b, c, e, d, to + i);
  }
  return dot(to, to, size);
}

/// y = x + factor g; in double, because factor or g may lie outside of f32. `around`: past the caches.
template <class T, class G>
void add_scaled(const T* x, const G* g, double factor, std::int64_t size, bool around, T* y) {
  const hn::ScalableTag<double> d64;
  const hn::Rebind<G, decltype(d64)> dg;
  const hn::Rebind<T, decltype(d64)> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d64));
  const auto moved = [&](std::int64_t i) HWY_ATTR {
    const auto step = hn::LoadU(dg, g + i);
    if constexpr (sizeof(T) == 8) {
      if constexpr (sizeof(G) == 8)
        return hn::MulAdd(hn::Set(d64, factor), step, hn::LoadU(d, x + i));
      else
        return hn::MulAdd(hn::Set(d64, factor), hn::PromoteTo(d64, step), hn::LoadU(d, x + i));
    } else {
      return hn::Add(hn::LoadU(d, x + i), hn::DemoteTo(d, hn::Mul(hn::Set(d64, factor), hn::PromoteTo(d64, step))));
    }
  };
  std::int64_t i = 0;
  if (around && streams_to(y, 0)) {
    for (; i + lanes <= size; i += lanes) hn::Stream(moved(i), d, y + i);
    hwy::FlushStream();
  }
  for (; i + lanes <= size; i += lanes) hn::StoreU(moved(i), d, y + i);
  for (; i < size; ++i) y[i] = x[i] + static_cast<T>(factor * static_cast<double>(g[i]));
}

void add_f32(const float* x, const float* g, double factor, std::int64_t size, bool around, float* y) {
  add_scaled(x, g, factor, size, around, y);
}
void add_mixed(const double* x, const float* g, double factor, std::int64_t size, bool around, double* y) {
  add_scaled(x, g, factor, size, around, y);
}
void add_f64(const double* x, const double* g, double factor, std::int64_t size, bool around, double* y) {
  add_scaled(x, g, factor, size, around, y);
}

std::int64_t numbers_at_once() { return 4 * static_cast<std::int64_t>(hn::Lanes(D())); }

}  // namespace s4l::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace s4l::cpu {
namespace {

HWY_EXPORT(draw_normals);
HWY_EXPORT(numbers_at_once);
HWY_EXPORT(add_f32);
HWY_EXPORT(add_mixed);
HWY_EXPORT(add_f64);

void add_scaled(const float* x, const float* g, double factor, std::int64_t size, bool around, float* y) {
  HWY_DYNAMIC_DISPATCH(add_f32)(x, g, factor, size, around, y);
}
void add_scaled(const double* x, const float* g, double factor, std::int64_t size, bool around, double* y) {
  HWY_DYNAMIC_DISPATCH(add_mixed)(x, g, factor, size, around, y);
}
void add_scaled(const double* x, const double* g, double factor, std::int64_t size, bool around, double* y) {
  HWY_DYNAMIC_DISPATCH(add_f64)(x, g, factor, size, around, y);
}

std::int64_t row_size(const Tensor& x) { return x.shape()[0] == 0 ? 0 : x.numel() / x.shape()[0]; }

}  // namespace

void vat_start(const Tensor& x, double xi, const Tensor& random, const Tensor& y) {
  std::array<std::uint32_t, 6> words{};
  for (std::size_t i = 0; i < words.size(); ++i)
    words[i] = std::bit_cast<std::uint32_t>(random.data<std::int32_t>()[i]);
  const std::int64_t size = row_size(x);
  const bool around = past_caches(y);
  with_float(x.dtype(), [&]<class T>() {
    parallel(x.shape()[0], [&](std::int64_t row) {
      const Scratch normals(size + HWY_DYNAMIC_DISPATCH(numbers_at_once)());
      const double squares = HWY_DYNAMIC_DISPATCH(draw_normals)(words, row, size, normals.data());
      const double factor = squares > 0 ? xi / std::sqrt(squares) : 0;
      add_scaled(x.data<T>() + row * size, normals.data(), factor, size, around, y.data<T>() + row * size);
    });
  });
}

void vat_step(const Tensor& x, const Tensor& g, const VatStepOptions& options, const Tensor& bound, const Tensor& y,
              const Tensor& length) {
  const std::int64_t size = row_size(x);
  const bool around = past_caches(y);
  with_float(x.dtype(), [&]<class T>() {
    parallel(x.shape()[0], [&](std::int64_t row) {
      const T* along = g.data<T>() + row * size;
      const double norm = options.factor * std::sqrt(dot(along, along, size));
      const double unit = std::fmax(norm, std::sqrt(options.floor));
      double radius = options.radius;
      if (bound) radius = std::fmin(radius, static_cast<double>(bound.data<T>()[row]));
      const double scale = unit == 0 ? 0 : radius / unit;
      add_scaled(x.data<T>() + row * size, along, scale * options.factor, size, around, y.data<T>() + row * size);
      length.data<T>()[row] = static_cast<T>(scale * norm);
    });
  });
}

void half_nearest_distance(const Tensor& x, const Tensor& y) {
  const std::int64_t n = x.shape()[0], size = row_size(x);
  with_float(x.dtype(), [&]<class T>() {
    parallel(n, [&](std::int64_t row) {
      double nearest = std::numeric_limits<double>::infinity();
      for (std::int64_t other = 0; other < n; ++other)
        if (other != row)
          nearest = std::fmin(nearest, squared_distance(x.data<T>() + row * size, x.data<T>() + other * size, size));
      y.data<T>()[row] = static_cast<T>(std::sqrt(nearest) / 2);
    });
  });
}

}  // namespace s4l::cpu
#endif
