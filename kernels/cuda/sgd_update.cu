// A step's elements are read and written once, 16 bytes of the weights at a time.
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

/// `average`, `rounded` and `finite` may be null.
template <class T, class R, int V>
__global__ void __launch_bounds__(256)
    sgd_update_all(T* weight, const T* gradient, T* velocity, T* average, R* rounded, const float* lr,
                   const float* finite, std::int64_t n, Step<T> step) {
  if (finite != nullptr && *finite == 0) return;
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
    if (average != nullptr) {
      T mean[kN];
      load(average + i, mean);
#pragma unroll
      for (int k = 0; k < kN; ++k) mean[k] = step.ema * mean[k] + (1 - step.ema) * w[k];
      store(mean, average + i);
    }
    if (rounded == nullptr) return;
    Pack<R, kN> pack;
#pragma unroll
    for (int k = 0; k < kN; ++k) pack.at[k] = S4L_KNS::rounded<R>(static_cast<float>(w[k]));
    store_pack(pack, rounded + i);
  });
}

}  // namespace
}  // namespace s4l::S4L_KNS

namespace s4l::cuda {
namespace {

/// The type of the rounded weights; any where there are none.
template <class Body>
void with_rounded(const Tensor& rounded, const Body& body) {
  if (rounded && rounded.dtype() == DType::f16)
    body.template operator()<f16>();
  else
    body.template operator()<bf16>();
}

}  // namespace

void sgd_update(const Tensor& weight, const Tensor& gradient, const Tensor& velocity, const SgdCopies& copies,
                const Tensor& lr, const Tensor& finite, const SgdUpdate& u) {
  const auto& [average, rounded] = copies;
  const std::int64_t n = weight.numel();
  const bool vectors = aligned({weight, gradient, velocity, average, rounded});
  with_float(weight.dtype(), [&, &mean = average, &copy = rounded]<class T>() {
    const S4L_KNS::Step<T> step{static_cast<T>(u.momentum), static_cast<T>(u.weight_decay), static_cast<T>(u.ema_decay),
                                u.decayed, u.nesterov};
    with_rounded(copy, [&]<class R>() {
      with_lanes<T>(vectors, [&](auto lanes) {
        const Grid grid = grid_of_runs(n, lanes.count);
        S4L_LAUNCH((S4L_KNS::sgd_update_all<T, R, lanes.count>), grid.blocks, grid.threads, 0, stream_of(weight),
                   weight.data<T>(), gradient.data<T>(), velocity.data<T>(), data_or_null<T>(mean),
                   data_or_null<R>(copy), lr.data<float>(), data_or_null<float>(finite), n, step);
      });
    });
  });
}

}  // namespace s4l::cuda
