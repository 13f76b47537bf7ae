#pragma once
#include "s4l/core/kernel.h"

namespace s4l {

/// Rows of x (N, ...) over their length: x_i / sqrt(max(|x_i|^2, floor)), the length over all of a row's elements.
Tensor l2_normalize(const Tensor& x, double floor = 1e-12);

S4L_KERNEL(l2_normalize, const Tensor& x, double floor, const Tensor& y)
S4L_KERNEL(l2_normalize_backward, const Tensor& x, const Tensor& gy, double floor, const Tensor& gx)

}  // namespace s4l
