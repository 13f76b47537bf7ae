#pragma once
#include "s4l/core/kernel.h"

namespace s4l {

/// Each op of unary.def: name(x) is its formula (kernels/formulas.h) of each element (f32, f64); the gradient kernel
/// gives gx = gy times the formula's slope at x.
#define S4L_UNARY(name)                              \
  Tensor name(const Tensor& x);                      \
  S4L_KERNEL(name, const Tensor& x, const Tensor& y) \
  S4L_KERNEL(name##_backward, const Tensor& x, const Tensor& gy, const Tensor& gx)
#include "s4l/core/ops/unary.def"
#undef S4L_UNARY

}  // namespace s4l
