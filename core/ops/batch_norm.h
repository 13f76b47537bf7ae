#pragma once
#include "s4l/core/kernel.h"

namespace s4l {

struct BatchNormOptions {
  double epsilon = 1e-3;
  double momentum = 0.99;  ///< of the running statistics: m <- momentum m + (1 - momentum) m_batch
  int groups = 1;          ///< statistics over each of `groups` equal runs of rows (virtual replicas)
  bool relu = false;       ///< max(0, .) of the result, in the same pass
  bool biased = false;     ///< the running variance follows the biased one (cross-replica batch norm, spec 2.0.4)
};

/// Batch normalisation of x (N, H, W, C) or (N, C) with the statistics of the batch (biased variance), spec
/// 2.0.4: y = gamma (x - mean) / sqrt(var + epsilon) + beta [+ residual] [then ReLU]. Where running_mean and
/// running_var are given they are updated once, with the mean over the groups' means and (unless `biased`)
/// unbiased variances.
/// Parameters and statistics are of x's type, f32 where that has 16 bits.
/// Only x is kept for the gradient; y is computed again where a later op reads it.
Tensor batch_norm_train(const Tensor& x, const Tensor& gamma, const Tensor& beta, const Tensor& running_mean,
                        const Tensor& running_var, const BatchNormOptions& options, const Tensor& residual = {});
/// The same with fixed statistics `mean`, `var` (C).
Tensor batch_norm_eval(const Tensor& x, const Tensor& gamma, const Tensor& beta, const Tensor& mean, const Tensor& var,
                       const BatchNormOptions& options, const Tensor& residual = {});

/// mean and rstd are (groups, C): of each group of x's rows; running_* may be empty.
S4L_KERNEL(batch_norm_statistics, const Tensor& x, const BatchNormOptions& options, const Tensor& mean,
           const Tensor& rstd, const Tensor& running_mean, const Tensor& running_var)
/// 1 / sqrt(var + epsilon), element by element.
S4L_KERNEL(batch_norm_rstd, const Tensor& var, double epsilon, const Tensor& rstd)
/// y from given statistics (groups, C); residual may be empty.
S4L_KERNEL(batch_norm_apply, const Tensor& x, const Tensor& mean, const Tensor& rstd, const Tensor& gamma,
           const Tensor& beta, const Tensor& residual, const BatchNormOptions& options, const Tensor& y)
/// Gradients through the batch's statistics (`through_statistics`) or with them fixed. gx, ggamma, gbeta,
/// gresidual may each be empty. The ReLU's mask is computed again from x (and residual). Where `arrived` is given it is
/// added to gx, and may be gx.
S4L_KERNEL(batch_norm_backward, const Tensor& x, const Tensor& mean, const Tensor& rstd, const Tensor& gamma,
           const Tensor& beta, const Tensor& residual, const Tensor& gy, const BatchNormOptions& options,
           bool through_statistics, const Tensor& arrived, const Tensor& gx, const Tensor& ggamma, const Tensor& gbeta,
           const Tensor& gresidual)

}  // namespace s4l
