#include "s4l/core/ops/cast.h"

#include "s4l/kernels/cuda/launch.cuh"

namespace s4l::S4L_KNS {

template <int N, class From, class To>
__global__ void converted(const From* x, std::int64_t n, To* y) {
  for_runs<N>(n, [=](auto lanes, std::int64_t at) {
    Number<From> values[lanes.count];
    Number<To> results[lanes.count];
    load(x + at, values);
#pragma unroll
    for (int i = 0; i < lanes.count; ++i) results[i] = static_cast<Number<To>>(values[i]);
    store(results, y + at);
  });
}

}  // namespace s4l::S4L_KNS

namespace s4l::cuda {

using namespace S4L_KNS;

void cast(const Tensor& x, const Tensor& y) {
  with_any_float(x.dtype(), [&]<class From>() {
    with_any_float(y.dtype(), [&]<class To>() {
      using Smaller = std::conditional_t<(sizeof(From) < sizeof(To)), From, To>;  // of which 16 bytes are one run
      with_lanes<Smaller>(aligned({x, y}), [&](auto lanes) {
        const Grid grid = grid_of_runs(x.numel(), lanes.count);
        S4L_LAUNCH((converted<lanes.count, From, To>), grid.blocks, grid.threads, 0, stream_of(x), x.data<From>(),
                   x.numel(), y.data<To>());
      });
    });
  });
}

}  // namespace s4l::cuda
