#include "s4l/core/ops/loss_scale.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "s4l/kernels/cpu/parallel.h"

namespace s4l::cpu {

void unscale(const Tensor& gradient, const Tensor& state, const LossScaling& scaling) {
  float* s = state.data<float>();
  std::atomic<bool> all_finite{true};
  with_float(gradient.dtype(), [&]<class T>() {
    T* g = gradient.data<T>();
    const T inverse = 1 / static_cast<T>(s[0]);
    parallel_blocks(gradient.numel(), 1 << 14, [&](std::int64_t begin, std::int64_t end) {
      T sum = 0;  // x - x is 0, or NaN where x is not finite
      for (std::int64_t i = begin; i < end; ++i) {
        g[i] *= inverse;
        sum += g[i] - g[i];
      }
      if (sum != 0) all_finite = false;
    });
  });
  s[1] = all_finite ? s[1] + 1 : 0;
  s[2] = all_finite ? 1.0f : 0.0f;
  if (!all_finite) s[0] = static_cast<float>(std::max(static_cast<double>(s[0]) * scaling.backoff, scaling.smallest));
  if (static_cast<std::int64_t>(s[1]) < scaling.interval) return;
  s[0] = static_cast<float>(std::min(static_cast<double>(s[0]) * scaling.growth, scaling.largest));
  s[1] = 0;
}

}  // namespace s4l::cpu
