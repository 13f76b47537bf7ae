#pragma once
#include "s4l/core/kernel.h"

namespace s4l {

/// x's numbers in another floating type (f32, f64, bf16, f16), rounded to nearest even; x itself where it has that
/// type.
Tensor cast(const Tensor& x, DType dtype);

/// y, which holds x's numbers in its own type already, as cast(x, y.dtype()) would be recorded.
Tensor recorded_cast(const Tensor& y, const Tensor& x);

/// Converts to y's type.
S4L_KERNEL(cast, const Tensor& x, const Tensor& y)

}  // namespace s4l
