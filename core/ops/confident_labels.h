#pragma once
#include "s4l/core/kernel.h"

namespace s4l {

/// Pseudo-labels of probabilities q (N, K): the first most probable class c of each row where q_ic reaches its
/// threshold (K, of q's type), else -1, which softmax_entropy() takes for "none". (N) i32, without gradient.
Tensor confident_labels(const Tensor& q, const Tensor& thresholds);
/// 1 where a label is given, 0 where it is -1: (N) f32.
Tensor is_labelled(const Tensor& labels);

S4L_KERNEL(confident_labels, const Tensor& q, const Tensor& thresholds, const Tensor& labels)
S4L_KERNEL(is_labelled, const Tensor& labels, const Tensor& y)

}  // namespace s4l
