#include "s4l/core/ops/update.h"
#include "s4l/kernels/cpu/parallel.h"

namespace s4l::cpu {

void sgd_update(const Tensor& weight, const Tensor& gradient, const Tensor& velocity, const Tensor& average,
                const Tensor& lr, const SgdUpdate& u) {
  with_float(weight.dtype(), [&]<class T>() {
    T *w = weight.data<T>(), *v = velocity.data<T>(), *mean = average ? average.data<T>() : nullptr;
    const T* g = gradient.data<T>();
    const T rate = static_cast<T>(*lr.data<float>()), mu = static_cast<T>(u.momentum);
    const T rho = static_cast<T>(u.ema_decay);
    parallel_blocks(weight.numel(), 1 << 14, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const T lambda = i < u.decayed ? static_cast<T>(u.weight_decay) : T{0};
        const T step = g[i] + lambda * w[i];
        v[i] = mu * v[i] + step;
        w[i] -= rate * (u.nesterov ? step + mu * v[i] : v[i]);
        if (mean) mean[i] = rho * mean[i] + (1 - rho) * w[i];
      }
    });
  });
}

}  // namespace s4l::cpu
