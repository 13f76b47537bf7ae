#pragma once
#include "s4l/core/kernel.h"

namespace s4l {

struct Conv2dOptions {
  int stride = 1;
  int padding = 0;   ///< rows and columns of zeros on each side
  int dilation = 1;  ///< pixels from one tap of the kernel to the next
  int groups = 1;    ///< each sees its share of the channels and makes its share of the outputs
};

/// Convolution (cross-correlation) of x (N, H, W, C) with w (O, kh, kw, C / groups) to (N, H', W', O),
/// H' = (H + 2 padding - dilation (kh - 1) - 1) / stride + 1. f32 vectorised, f64 naive.
Tensor conv2d(const Tensor& x, const Tensor& w, Conv2dOptions options = {});

S4L_KERNEL(conv2d, const Tensor& x, const Tensor& w, const Conv2dOptions& options, const Tensor& y)
S4L_KERNEL(conv2d_backward_data, const Tensor& gy, const Tensor& w, const Conv2dOptions& options, const Tensor& gx)
S4L_KERNEL(conv2d_backward_weight, const Tensor& x, const Tensor& gy, const Conv2dOptions& options, const Tensor& gw)

}  // namespace s4l
