#pragma once
#include "s4l/core/ops/conv2d.h"

namespace s4l::cpu {

// The three directions in f64, as the formula reads: for gradient checks.
void naive_conv2d(const Tensor& x, const Tensor& w, const Conv2dOptions& options, const Tensor& y);
void naive_conv2d_backward_data(const Tensor& gy, const Tensor& w, const Conv2dOptions& options, const Tensor& gx);
void naive_conv2d_backward_weight(const Tensor& x, const Tensor& gy, const Conv2dOptions& options, const Tensor& gw);

}  // namespace s4l::cpu
