#pragma once
#include "s4l/core/kernel.h"

namespace s4l {

/// The factor of the loss that keeps small gradients from vanishing in 16 bits, as f32 (3) on the device: the factor,
/// the steps since it last changed, and whether the last gradient was finite (1 or 0).
struct LossScaling {
  double growth = 2;             ///< after `interval` finite gradients in a row the factor is multiplied by this,
  double backoff = 0.5;          ///< after one that is not finite by this
  std::int64_t interval = 2000;  ///< in steps
  double smallest = 1, largest = 0x1p24;  ///< where it stops: a factor of 0 could never grow again
};

/// gradient /= the factor, in place; then `state` says whether every number of it is finite, and has the factor of the
/// next step. Not recorded.
void unscale_(const Tensor& gradient, const Tensor& state, const LossScaling& scaling = {});

S4L_KERNEL(unscale, const Tensor& gradient, const Tensor& state, const LossScaling& scaling)

}  // namespace s4l
