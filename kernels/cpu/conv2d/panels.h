#pragma once
#include "s4l/core/ops/conv2d.h"

namespace s4l::cpu {

// The three directions in f32, for any convolution, as products of windows and packed panels.
void panels_conv2d(const Tensor& x, const Tensor& w, const Conv2dOptions& options, const Tensor& y);
void panels_conv2d_backward_data(const Tensor& gy, const Tensor& w, const Conv2dOptions& options, const Tensor& gx);
void panels_conv2d_backward_weight(const Tensor& x, const Tensor& gy, const Conv2dOptions& options, const Tensor& gw);

}  // namespace s4l::cpu
