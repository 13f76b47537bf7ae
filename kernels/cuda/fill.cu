// y_i = value.
#include "s4l/core/ops/fill.h"

#include "s4l/kernels/cuda/launch.cuh"

namespace s4l::S4L_KNS {

template <int N, class T>
__global__ void fill(Number<T> value, std::int64_t n, T* y) {
  for_runs<N>(n, [=](auto lanes, std::int64_t at) {
    Number<T> values[lanes.count];
#pragma unroll
    for (int i = 0; i < lanes.count; ++i) values[i] = value;
    store(values, y + at);
  });
}

}  // namespace s4l::S4L_KNS

namespace s4l::cuda {

using namespace S4L_KNS;

void fill(const Tensor& y, double value) {
  with_any_float(y.dtype(), [&]<class T>() {
    with_lanes<T>(aligned({y}), [&](auto lanes) {
      const Grid grid = grid_of_runs(y.numel(), lanes.count);
      S4L_LAUNCH((S4L_KNS::fill<lanes.count, T>), grid.blocks, grid.threads, 0, stream_of(y),
                 static_cast<Number<T>>(value), y.numel(), y.data<T>());
    });
  });
}

}  // namespace s4l::cuda
