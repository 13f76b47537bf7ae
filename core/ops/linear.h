#pragma once
#include "s4l/core/kernel.h"

namespace s4l {

/// x w^T + b: x (N, F), w (K, F), b (K) or empty, result (N, K).
Tensor linear(const Tensor& x, const Tensor& w, const Tensor& b = {});

S4L_KERNEL(linear, const Tensor& x, const Tensor& w, const Tensor& b, const Tensor& y)
/// Each of gx, gw, gb may be empty: not wanted. x is read for gw alone, and may be empty without it.
S4L_KERNEL(linear_backward, const Tensor& gy, const Tensor& x, const Tensor& w, const Tensor& gx, const Tensor& gw,
           const Tensor& gb)

}  // namespace s4l
