// A step's elements are read and written once, 16 bytes at a time.
#include "s4l/core/ops/update.h"

#include "s4l/kernels/cuda/launch.cuh"

namespace s4l::S4L_KNS {
namespace {

/// The step's numbers, of the elements' type.
template <class T>
struct Step {
  T momentum, decay, ema;
  std::int64_t decayed;
  bool nesterov;
};

template <class T, int V>
__global__ void __launch_bounds__(256) sgd_update_all(T* weight, const T* gradient, T* velocity, T* average,
                                                      const float* lr, std::int64_t n, Step<T> step) {
  const T rate = static_cast<T>(*lr);
  for_runs<V>(n, [=](auto lanes, std::int64_t i) {
    constexpr int kN = lanes.count;
    T w[kN], g[kN], v[kN];
    load(weight + i, w);
    load(gradient + i, g);
    load(velocity + i, v);
#pragma unroll
    for (int k = 0; k < kN; ++k) {
      const T total = g[k] + (i + k < step.decayed ? step.decay : T{0}) * w[k];
      v[k] = step.momentum * v[k] + total;
      w[k] -= rate * (step.nesterov ? total + step.momentum * v[k] : v[k]);
    }
    store(v, velocity + i);
    store(w, weight + i);
    if (average == nullptr) return;
    T mean[kN];
    load(average + i, mean);
#pragma unroll
    for (int k = 0; k < kN; ++k) mean[k] = step.ema * mean[k] + (1 - step.ema) * w[k];
    store(mean, average + i);
  });
}

}  // namespace
}  // namespace s4l::S4L_KNS

namespace s4l::cuda {

void sgd_update(const Tensor& weight, const Tensor& gradient, const Tensor& velocity, const Tensor& average,
                const Tensor& lr, const SgdUpdate& u) {
  const std::int64_t n = weight.numel();
  with_float(weight.dtype(), [&]<class T>() {
    const S4L_KNS::Step<T> step{static_cast<T>(u.momentum), static_cast<T>(u.weight_decay), static_cast<T>(u.ema_decay),
                                u.decayed, u.nesterov};
    with_lanes<T>(aligned({weight, gradient, velocity, average}), [&](auto lanes) {
      const Grid grid = grid_of_runs(n, lanes.count);
      S4L_LAUNCH((S4L_KNS::sgd_update_all<T, lanes.count>), grid.blocks, grid.threads, 0, stream_of(weight),
                 weight.data<T>(), gradient.data<T>(), velocity.data<T>(), data_or_null<T>(average), lr.data<float>(),
                 n, step);
    });
  });
}

}  // namespace s4l::cuda
