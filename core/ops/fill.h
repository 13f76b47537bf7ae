#pragma once
#include "s4l/core/kernel.h"

namespace s4l {

/// Every element of y, of any floating type, becomes `value`: full() (core/tensor.h) on the device itself.
S4L_KERNEL(fill, const Tensor& y, double value)

}  // namespace s4l
