#pragma once
#include "s4l/core/kernel.h"

namespace s4l {

/// Probabilities of logits z (N, K), f32 or f64: exp(z_ik) over the sum of its row, (N, K).
Tensor softmax(const Tensor& z);

S4L_KERNEL(softmax, const Tensor& z, const Tensor& p)
/// gz_ik = p_ik (g_ik - sum_j g_ij p_ij).
S4L_KERNEL(softmax_backward, const Tensor& p, const Tensor& gp, const Tensor& gz)

}  // namespace s4l
