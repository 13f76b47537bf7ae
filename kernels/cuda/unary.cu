// Each op of unary.def: y = formula(x), gx = gy slope(x).
#include "s4l/core/ops/unary.h"

#include "s4l/kernels/cuda/launch.cuh"
#include "s4l/kernels/formulas.h"

namespace s4l::S4L_KNS {

template <int N, class Formula, class T>
__global__ void values_of(const T* x, std::int64_t n, T* y) {
  for_runs<N>(n, [=](auto lanes, std::int64_t at) {
    Number<T> values[lanes.count];
    load(x + at, values);
#pragma unroll
    for (int i = 0; i < lanes.count; ++i) values[i] = Formula::value(values[i]);
    store(values, y + at);
  });
}

template <int N, class Formula, class T>
__global__ void times_slopes(const T* x, const T* gy, std::int64_t n, T* gx) {
  for_runs<N>(n, [=](auto lanes, std::int64_t at) {
    Number<T> values[lanes.count], g[lanes.count];
    load(x + at, values);
    load(gy + at, g);
#pragma unroll
    for (int i = 0; i < lanes.count; ++i) g[i] *= Formula::slope(values[i]);
    store(g, gx + at);
  });
}

}  // namespace s4l::S4L_KNS

namespace s4l::cuda {
namespace {

using namespace S4L_KNS;

template <class Formula>
void apply(const Tensor& x, const Tensor& y) {
  with_any_float(x.dtype(), [&]<class T>() {
    with_lanes<T>(aligned({x, y}), [&](auto lanes) {
      const Grid grid = grid_of_runs(x.numel(), lanes.count);
      S4L_LAUNCH((values_of<lanes.count, Formula, T>), grid.blocks, grid.threads, 0, stream_of(x), x.data<T>(),
                 x.numel(), y.data<T>());
    });
  });
}

template <class Formula>
void apply_slope(const Tensor& x, const Tensor& gy, const Tensor& gx) {
  with_any_float(x.dtype(), [&]<class T>() {
    with_lanes<T>(aligned({x, gy, gx}), [&](auto lanes) {
      const Grid grid = grid_of_runs(x.numel(), lanes.count);
      S4L_LAUNCH((times_slopes<lanes.count, Formula, T>), grid.blocks, grid.threads, 0, stream_of(x), x.data<T>(),
                 gy.data<T>(), x.numel(), gx.data<T>());
    });
  });
}

}  // namespace

#define S4L_UNARY(name)                                                       \
  void name(const Tensor& x, const Tensor& y) { apply<formula::name>(x, y); } \
  void name##_backward(const Tensor& x, const Tensor& gy, const Tensor& gx) { apply_slope<formula::name>(x, gy, gx); }
#include "s4l/core/ops/unary.def"
#undef S4L_UNARY

}  // namespace s4l::cuda
