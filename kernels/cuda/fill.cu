#include "s4l/core/ops/fill.h"

#include "s4l/kernels/cuda/launch.cuh"

namespace s4l::S4L_KNS {

template <class T>
__global__ void fill(T* y, std::int64_t n, Number<T> value) {
  for (std::int64_t i = grid_thread(); i < n; i += grid_threads()) y[i] = rounded<T>(value);
}

}  // namespace s4l::S4L_KNS

namespace s4l::cuda {

void fill(const Tensor& y, double value) {
  const std::int64_t n = y.numel();
  if (n == 0) return;
  with_any_float(y.dtype(), [&]<class T>() {
    const Grid grid = grid_of_items(n);
    S4L_LAUNCH(S4L_KNS::fill<T>, grid.blocks, grid.threads, 0, stream_of(y), y.data<T>(), n,
               static_cast<S4L_KNS::Number<T>>(value));
  });
}

}  // namespace s4l::cuda
