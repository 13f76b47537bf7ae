// Rows of a picture batch moved by a length. A task is a row; lengths are summed in double.
#include "s4l/core/ops/vat.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "s4l/kernels/cpu/dot.h"
#include "s4l/kernels/cpu/normals.h"
#include "s4l/kernels/cpu/parallel.h"
#include "s4l/kernels/cpu/past_caches.h"
#include "s4l/kernels/cpu/scratch.h"
#include "s4l/kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "s4l/kernels/cpu/vat.cpp"
#include <hwy/foreach_target.h>
#include <hwy/cache_control.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace s4l::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// y = x + factor g, the product in X. `around`: past the caches.
template <class X, class T, class G>
void add_scaled(const T* x, const G* g, double factor, std::int64_t size, bool around, T* y) {
  const hn::ScalableTag<X> dx;
  const hn::Rebind<G, decltype(dx)> dg;
  const hn::Rebind<T, decltype(dx)> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(dx));
  const auto scale = hn::Set(dx, static_cast<X>(factor));
  const auto wide = [&](auto v) HWY_ATTR {
    if constexpr (sizeof(G) == sizeof(X))
      return v;
    else
      return hn::PromoteTo(dx, v);
  };
  const auto moved = [&](std::int64_t i) HWY_ATTR {
    const auto from = hn::LoadU(d, x + i);
    const auto along = wide(hn::LoadU(dg, g + i));
    if constexpr (sizeof(T) == sizeof(X))
      return hn::MulAdd(scale, along, from);
    else
      return hn::Add(from, hn::DemoteTo(d, hn::Mul(scale, along)));
  };
  std::int64_t i = 0;
  if (around && streams_to(y, 0)) {
    for (; i + lanes <= size; i += lanes) hn::Stream(moved(i), d, y + i);
    hwy::FlushStream();
  }
  for (; i + lanes <= size; i += lanes) hn::StoreU(moved(i), d, y + i);
  for (; i < size; ++i) y[i] = x[i] + static_cast<T>(static_cast<X>(factor) * static_cast<X>(g[i]));
}

/// Of normals.
void add_f32(const float* x, const float* g, double factor, std::int64_t size, bool around, float* y) {
  add_scaled<float>(x, g, factor, size, around, y);
}
void add_mixed(const double* x, const float* g, double factor, std::int64_t size, bool around, double* y) {
  add_scaled<double>(x, g, factor, size, around, y);
}
/// Of gradients: in double, because they or their factor may lie outside of f32.
void add_gradient(const float* x, const float* g, double factor, std::int64_t size, bool around, float* y) {
  add_scaled<double>(x, g, factor, size, around, y);
}
void add_f64(const double* x, const double* g, double factor, std::int64_t size, bool around, double* y) {
  add_scaled<double>(x, g, factor, size, around, y);
}

}  // namespace s4l::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace s4l::cpu {
namespace {

HWY_EXPORT(add_f32);
HWY_EXPORT(add_mixed);
HWY_EXPORT(add_gradient);
HWY_EXPORT(add_f64);

auto add_normals(float) { return HWY_DYNAMIC_DISPATCH(add_f32); }
auto add_normals(double) { return HWY_DYNAMIC_DISPATCH(add_mixed); }
auto add_gradients(float) { return HWY_DYNAMIC_DISPATCH(add_gradient); }
auto add_gradients(double) { return HWY_DYNAMIC_DISPATCH(add_f64); }

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
      const Scratch normals(size + kNormalsMargin);
      const double squares = draw_normals(words, row, size, normals.data());
      const double factor = squares > 0 ? xi / std::sqrt(squares) : 0;
      add_normals(T{})(x.data<T>() + row * size, normals.data(), factor, size, around, y.data<T>() + row * size);
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
      add_gradients(T{})(x.data<T>() + row * size, along, scale * options.factor, size, around,
                         y.data<T>() + row * size);
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
