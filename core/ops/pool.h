#pragma once
#include "s4l/core/kernel.h"

namespace s4l {

struct MaxPoolOptions {
  int kernel = 3;
  int stride = 2;
  int padding = 1;
  bool zero_padding = true;  ///< padded places count as 0 (spec 3.1); false: they never win
};

/// Largest value of each window of x (N, H, W, C), NaN where one is there; the first of equals takes the gradient.
Tensor max_pool2d(const Tensor& x, MaxPoolOptions options = {});
/// Mean over rows and columns: (N, H, W, C) to (N, C).
Tensor global_avg_pool(const Tensor& x);

/// `argmax` (u8): place of the winner in its window, row-major; kernel * kernel where padding won.
S4L_KERNEL(max_pool2d, const Tensor& x, const MaxPoolOptions& options, const Tensor& y, const Tensor& argmax)
S4L_KERNEL(max_pool2d_backward, const Tensor& gy, const Tensor& argmax, const MaxPoolOptions& options, const Tensor& gx)
S4L_KERNEL(global_avg_pool, const Tensor& x, const Tensor& y)
S4L_KERNEL(global_avg_pool_backward, const Tensor& gy, const Tensor& gx)

}  // namespace s4l
