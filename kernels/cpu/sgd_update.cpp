#include "s4l/core/ops/update.h"

#include <algorithm>

#include "s4l/kernels/cpu/parallel.h"

namespace s4l::cpu {
namespace {

/// The step's numbers, of the elements' type.
template <class T>
struct Step {
  T rate, momentum, decay, ema;
};

/// The options are template arguments so that the loop has no branch and vectorises.
template <bool kNesterov, bool kAverage, class T>
void update(std::int64_t begin, std::int64_t end, const Step<T>& s, const T* __restrict g, T* __restrict w,
            T* __restrict v, T* __restrict average) {
  for (std::int64_t i = begin; i < end; ++i) {
    const T step = g[i] + s.decay * w[i];
    const T velocity = s.momentum * v[i] + step;
    const T weight = w[i] - s.rate * (kNesterov ? step + s.momentum * velocity : velocity);
    v[i] = velocity;
    w[i] = weight;
    if constexpr (kAverage) average[i] = s.ema * average[i] + (1 - s.ema) * weight;
  }
}

/// w in 16 bits.
template <class T>
void round_weights(std::int64_t begin, std::int64_t end, const T* w, const Tensor& rounded) {
  with_any_float(rounded.dtype(), [&]<class R>() {
    R* to = rounded.data<R>();
    for (std::int64_t i = begin; i < end; ++i) to[i] = R(static_cast<float>(w[i]));
  });
}

}  // namespace

void sgd_update(const Tensor& weight, const Tensor& gradient, const Tensor& velocity, const SgdCopies& copies,
                const Tensor& lr, const Tensor& finite, const SgdUpdate& u) {
  const Tensor &average = copies.average, &rounded = copies.rounded;  // clang 14 captures no structured binding
  if (finite && *finite.data<float>() == 0) return;
  with_float(weight.dtype(), [&]<class T>() {
    const Step<T> plain{static_cast<T>(*lr.data<float>()), static_cast<T>(u.momentum), T{0},
                        static_cast<T>(u.ema_decay)};
    Step<T> decayed = plain;
    decayed.decay = static_cast<T>(u.weight_decay);
    const auto body = average ? (u.nesterov ? update<true, true, T> : update<false, true, T>)
                              : (u.nesterov ? update<true, false, T> : update<false, false, T>);
    const T* g = gradient.data<T>();
    T *w = weight.data<T>(), *v = velocity.data<T>(), *mean = average ? average.data<T>() : nullptr;
    parallel_blocks(weight.numel(), 1 << 14, [&](std::int64_t begin, std::int64_t end) {
      const std::int64_t border = std::clamp(u.decayed, begin, end);
      body(begin, border, decayed, g, w, v, mean);
      body(border, end, plain, g, w, v, mean);
      if (rounded) round_weights(begin, end, w, rounded);
    });
  });
}

}  // namespace s4l::cpu
