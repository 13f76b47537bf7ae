// A warp finds a row's most probable class.
#include "s4l/core/ops/confident_labels.h"

#include "s4l/kernels/cuda/launch.cuh"
#include "s4l/kernels/cuda/most_probable.cuh"

namespace s4l::S4L_KNS {

template <class T>
__global__ void labels_above_thresholds(const T* q, const T* thresholds, std::int64_t n, std::int64_t k,
                                        std::int32_t* labels) {
  for_rows_of_warps(n, [=](std::int64_t row) {
    const Largest<T> best = most_probable(q + row * k, k);
    if (threadIdx.x % kWarp == 0) labels[row] = best.value >= thresholds[best.place] ? best.place : -1;
  });
}

__global__ void ones_where_labelled(const std::int32_t* labels, std::int64_t n, float* y) {
  for_runs<1>(n, [=](auto, std::int64_t i) { y[i] = labels[i] >= 0 ? 1.0f : 0.0f; });
}

}  // namespace s4l::S4L_KNS

namespace s4l::cuda {

using namespace S4L_KNS;

void confident_labels(const Tensor& q, const Tensor& thresholds, const Tensor& labels) {
  with_float(q.dtype(), [&]<class T>() {
    const Grid grid = grid_of_items(kWarp * q.shape()[0]);
    S4L_LAUNCH(labels_above_thresholds<T>, grid.blocks, grid.threads, 0, stream_of(q), q.data<T>(),
               thresholds.data<T>(), q.shape()[0], q.shape()[1], labels.data<std::int32_t>());
  });
}

void is_labelled(const Tensor& labels, const Tensor& y) {
  const Grid grid = grid_of_items(labels.numel());
  S4L_LAUNCH(ones_where_labelled, grid.blocks, grid.threads, 0, stream_of(labels), labels.data<std::int32_t>(),
             labels.numel(), y.data<float>());
}

}  // namespace s4l::cuda
