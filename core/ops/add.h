#pragma once
#include "s4l/core/kernel.h"

namespace s4l {

/// a + b, element by element; equal shapes and types (f32, f64).
Tensor add(const Tensor& a, const Tensor& b);
/// x times a number.
Tensor scale(const Tensor& x, double factor);
/// x times the one number of `factor` (of x's type and device), which takes no gradient: a weight that changes by the
/// step.
Tensor scale_by(const Tensor& x, const Tensor& factor);

inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
inline Tensor operator*(double factor, const Tensor& x) { return scale(x, factor); }

S4L_KERNEL(add, const Tensor& a, const Tensor& b, const Tensor& y)
S4L_KERNEL(scale, const Tensor& x, double factor, const Tensor& y)
/// The same with the factor a device scalar of x's type.
S4L_KERNEL(scale_by, const Tensor& x, const Tensor& factor, const Tensor& y)

}  // namespace s4l
