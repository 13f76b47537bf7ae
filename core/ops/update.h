#pragma once
#include "s4l/core/kernel.h"

namespace s4l {

/// y += x, in place; not recorded.
void add_(const Tensor& y, const Tensor& x);
/// y *= factor, in place; not recorded.
void scale_(const Tensor& y, double factor);

/// One step of SGD over flat buffers of equal length (f32), in one pass: see nn/optim/sgd.h.
struct SgdUpdate {
  double momentum = 0.9;
  double weight_decay = 0;   ///< lambda of the penalty lambda/2 |w|^2
  std::int64_t decayed = 0;  ///< it applies to the first `decayed` elements
  bool nesterov = false;
  double ema_decay = 0;  ///< rho of the running average; used where `average` is given
};
/// g = gradient + lambda w; v = mu v + g; w -= lr v (Nesterov: lr (g + mu v)); average = rho average +
/// (1 - rho) w. `lr` is a device scalar (one f32); `average` may be empty. Advances w's version.
void sgd_update_(const Tensor& weight, const Tensor& gradient, const Tensor& velocity, const Tensor& average,
                 const Tensor& lr, const SgdUpdate& update);

S4L_KERNEL(sgd_update, const Tensor& weight, const Tensor& gradient, const Tensor& velocity, const Tensor& average,
           const Tensor& lr, const SgdUpdate& update)

}  // namespace s4l
