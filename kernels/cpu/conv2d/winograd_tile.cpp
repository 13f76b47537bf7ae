// The maps of F(4x4, 3x3) along one axis, from the points 0, +-a, +-b and infinity (Toom-Cook: A evaluates a polynomial
// of the outputs' degree, G one of the kernel's over the points' differences, B interpolates), and both axes at once.
#include "s4l/kernels/cpu/conv2d/winograd_tile.h"

#include <algorithm>

#include "s4l/kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "s4l/kernels/cpu/conv2d/winograd_tile.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace s4l::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// Half the rounding error of the usual 0, +-1, +-2 at the same cost.
constexpr float kA = 5.0f / 8, kB = 3.0f / 2, kA2 = kA * kA, kB2 = kB * kB;
constexpr float kN0 = 1 / (kA2 * kB2), kNa = 1 / (2 * kA2 * (kA2 - kB2)), kNb = 1 / (2 * kB2 * (kB2 - kA2));

HWY_INLINE V times(float factor, V x) { return hn::Mul(hn::Set(D(), factor), x); }
HWY_INLINE V plus(V sum, float factor, V x) { return hn::MulAdd(hn::Set(D(), factor), x, sum); }

struct Input {
  static constexpr int kFrom = 6, kTo = 6;
  static HWY_INLINE void run(const V* x, V* y) {
    y[0] = plus(plus(x[4], -(kA2 + kB2), x[2]), kA2 * kB2, x[0]);
    const V even_a = plus(x[4], -kB2, x[2]), odd_a = times(kA, plus(x[3], -kB2, x[1]));
    y[1] = hn::Add(even_a, odd_a);
    y[2] = hn::Sub(even_a, odd_a);
    const V even_b = plus(x[4], -kA2, x[2]), odd_b = times(kB, plus(x[3], -kA2, x[1]));
    y[3] = hn::Add(even_b, odd_b);
    y[4] = hn::Sub(even_b, odd_b);
    y[5] = plus(plus(x[5], -(kA2 + kB2), x[3]), kA2 * kB2, x[1]);
  }
};

struct Weight {
  static constexpr int kFrom = 3, kTo = 6;
  static HWY_INLINE void run(const V* x, V* y) {
    y[0] = times(kN0, x[0]);
    const V even_a = times(kNa, plus(x[0], kA2, x[2])), odd_a = times(kNa * kA, x[1]);
    y[1] = hn::Add(even_a, odd_a);
    y[2] = hn::Sub(even_a, odd_a);
    const V even_b = times(kNb, plus(x[0], kB2, x[2])), odd_b = times(kNb * kB, x[1]);
    y[3] = hn::Add(even_b, odd_b);
    y[4] = hn::Sub(even_b, odd_b);
    y[5] = x[2];
  }
};

struct Output {
  static constexpr int kFrom = 6, kTo = 4;
  static HWY_INLINE void run(const V* x, V* y) {
    const V sum_a = hn::Add(x[1], x[2]), difference_a = hn::Sub(x[1], x[2]);
    const V sum_b = hn::Add(x[3], x[4]), difference_b = hn::Sub(x[3], x[4]);
    y[0] = hn::Add(hn::Add(x[0], sum_a), sum_b);
    y[1] = plus(times(kA, difference_a), kB, difference_b);
    y[2] = plus(times(kA2, sum_a), kB2, sum_b);
    y[3] = plus(plus(x[5], kA2 * kA, difference_a), kB2 * kB, difference_b);
  }
};

struct OutputGradient {
  static constexpr int kFrom = 4, kTo = 6;
  static HWY_INLINE void run(const V* x, V* y) {
    y[0] = x[0];
    const V even_a = plus(x[0], kA2, x[2]), odd_a = times(kA, plus(x[1], kA2, x[3]));
    y[1] = hn::Add(even_a, odd_a);
    y[2] = hn::Sub(even_a, odd_a);
    const V even_b = plus(x[0], kB2, x[2]), odd_b = times(kB, plus(x[1], kB2, x[3]));
    y[3] = hn::Add(even_b, odd_b);
    y[4] = hn::Sub(even_b, odd_b);
    y[5] = x[3];
  }
};

struct WeightGradient {
  static constexpr int kFrom = 6, kTo = 3;
  static HWY_INLINE void run(const V* x, V* y) {
    const V sum_a = times(kNa, hn::Add(x[1], x[2])), difference_a = times(kNa, hn::Sub(x[1], x[2]));
    const V sum_b = times(kNb, hn::Add(x[3], x[4])), difference_b = times(kNb, hn::Sub(x[3], x[4]));
    y[0] = plus(hn::Add(sum_a, sum_b), kN0, x[0]);
    y[1] = plus(times(kA, difference_a), kB, difference_b);
    y[2] = plus(plus(x[5], kA2, sum_a), kB2, sum_b);
  }
};

HWY_INLINE V load(const Square<const float>& from, int i, int j, int, std::int64_t c) {
  return hn::LoadU(D(), from.data + i * from.row + j * from.column + c);
}
HWY_INLINE V load(const Pixels& from, int i, int j, int side, std::int64_t c) {
  return hn::LoadU(D(), from.at[static_cast<std::size_t>(i * side + j)] + c);
}

/// The map along the rows, then along the columns, for one vector of channels after the other. Where the last one would
/// stand out, it begins earlier and repeats channels of the one before.
template <class Axis, class From>
void map_both_axes(const From& from, const Square<float>& to, std::int64_t channels) {
  const D d;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t begin = 0; begin < channels; begin += lanes) {
    const std::int64_t c = std::min(begin, channels - lanes);
    V half[Axis::kFrom][Axis::kTo];
#pragma GCC unroll 6
    for (int i = 0; i < Axis::kFrom; ++i) {
      V x[Axis::kFrom];
#pragma GCC unroll 6
      for (int j = 0; j < Axis::kFrom; ++j) x[j] = load(from, i, j, Axis::kFrom, c);
      Axis::run(x, half[i]);
    }
#pragma GCC unroll 6
    for (int j = 0; j < Axis::kTo; ++j) {
      V x[Axis::kFrom], y[Axis::kTo];
#pragma GCC unroll 6
      for (int i = 0; i < Axis::kFrom; ++i) x[i] = half[i][j];
      Axis::run(x, y);
#pragma GCC unroll 6
      for (int i = 0; i < Axis::kTo; ++i) hn::StoreU(y[i], d, to.data + i * to.row + j * to.column + c);
    }
  }
}

void map_square(TileMap map, const Square<const float>& from, const Square<float>& to, std::int64_t channels) {
  switch (map) {
    case TileMap::input:
      return map_both_axes<Input>(from, to, channels);
    case TileMap::weight:
      return map_both_axes<Weight>(from, to, channels);
    case TileMap::output:
      return map_both_axes<Output>(from, to, channels);
    case TileMap::output_gradient:
      return map_both_axes<OutputGradient>(from, to, channels);
    case TileMap::weight_gradient:
      return map_both_axes<WeightGradient>(from, to, channels);
  }
}

void map_pixels(TileMap map, const Pixels& from, const Square<float>& to, std::int64_t channels) {
  if (map == TileMap::input) return map_both_axes<Input>(from, to, channels);
  map_both_axes<OutputGradient>(from, to, channels);
}

}  // namespace s4l::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace s4l::cpu {

HWY_EXPORT(map_square);
HWY_EXPORT(map_pixels);

void map_tile(TileMap map, const Square<const float>& from, const Square<float>& to, std::int64_t channels) {
  HWY_DYNAMIC_DISPATCH(map_square)(map, from, to, channels);
}
void map_tile(TileMap map, const Pixels& from, const Square<float>& to, std::int64_t channels) {
  HWY_DYNAMIC_DISPATCH(map_pixels)(map, from, to, channels);
}

}  // namespace s4l::cpu
#endif
