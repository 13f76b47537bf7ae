#pragma once
#include "s4l/core/kernel.h"

namespace s4l {

/// The mean of (x - target)^2 over all elements, a scalar; equal shapes and types (f32, f64), and no gradient for
/// `target`.
Tensor squared_error(const Tensor& x, const Tensor& target);

/// loss is (); gx is d loss / dx, or empty if not wanted.
S4L_KERNEL(squared_error, const Tensor& x, const Tensor& target, const Tensor& loss, const Tensor& gx)

}  // namespace s4l
