#pragma once
#include "s4l/core/kernel.h"

namespace s4l {

struct Conv2dOptions {
  int stride = 1;
  int padding = 0;  ///< rows and columns of zeros on each side
};

/// Convolution (cross-correlation) of x (N, H, W, C) with w (O, kh, kw, C) to (N, H', W', O),
/// H' = (H + 2 padding - kh) / stride + 1. f32 vectorised, f64 naive.
Tensor conv2d(const Tensor& x, const Tensor& w, Conv2dOptions options = {});

S4L_KERNEL(conv2d, const Tensor& x, const Tensor& w, const Conv2dOptions& options, const Tensor& y)
S4L_KERNEL(conv2d_backward_data, const Tensor& gy, const Tensor& w, const Conv2dOptions& options, const Tensor& gx)
S4L_KERNEL(conv2d_backward_weight, const Tensor& x, const Tensor& gy, const Conv2dOptions& options, const Tensor& gw)

}  // namespace s4l
