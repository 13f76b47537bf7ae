// y = a + b, y = f x. y may be one of the inputs.
#include "s4l/core/ops/add.h"

#include "s4l/kernels/cuda/launch.cuh"

namespace s4l::S4L_KNS {

template <int N, class T>
__global__ void sum_of_two(const T* a, const T* b, std::int64_t n, T* y) {
  for_runs<N>(n, [=](auto lanes, std::int64_t at) {
    Number<T> sum[lanes.count], other[lanes.count];
    load(a + at, sum);
    load(b + at, other);
#pragma unroll
    for (int i = 0; i < lanes.count; ++i) sum[i] += other[i];
    store(sum, y + at);
  });
}

/// Times *device_factor where that is given.
template <int N, class T>
__global__ void multiple(const T* x, Number<T> factor, const T* device_factor, std::int64_t n, T* y) {
  const Number<T> f = device_factor != nullptr ? number(*device_factor) : factor;
  for_runs<N>(n, [=](auto lanes, std::int64_t at) {
    Number<T> values[lanes.count];
    load(x + at, values);
#pragma unroll
    for (int i = 0; i < lanes.count; ++i) values[i] *= f;
    store(values, y + at);
  });
}

}  // namespace s4l::S4L_KNS

namespace s4l::cuda {
namespace {

using namespace S4L_KNS;

void multiply(const Tensor& x, double factor, const Tensor& device_factor, const Tensor& y) {
  with_any_float(x.dtype(), [&]<class T>() {
    with_lanes<T>(aligned({x, y}), [&](auto lanes) {
      const Grid grid = grid_of_runs(x.numel(), lanes.count);
      S4L_LAUNCH((multiple<lanes.count, T>), grid.blocks, grid.threads, 0, stream_of(x), x.data<T>(),
                 static_cast<Number<T>>(factor), data_or_null<T>(device_factor), x.numel(), y.data<T>());
    });
  });
}

}  // namespace

void add(const Tensor& a, const Tensor& b, const Tensor& y) {
  with_any_float(a.dtype(), [&]<class T>() {
    with_lanes<T>(aligned({a, b, y}), [&](auto lanes) {
      const Grid grid = grid_of_runs(a.numel(), lanes.count);
      S4L_LAUNCH((sum_of_two<lanes.count, T>), grid.blocks, grid.threads, 0, stream_of(a), a.data<T>(), b.data<T>(),
                 a.numel(), y.data<T>());
    });
  });
}

void scale(const Tensor& x, double factor, const Tensor& y) { multiply(x, factor, {}, y); }
void scale_by(const Tensor& x, const Tensor& factor, const Tensor& y) { multiply(x, 0, factor, y); }

}  // namespace s4l::cuda
