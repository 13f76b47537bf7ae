#include "s4l/core/ops/confident_labels.h"

namespace s4l {

Tensor confident_labels(const Tensor& q, const Tensor& thresholds) {
  check(q.shape().rank == 2 && q.shape()[1] >= 1, "confident_labels: expected probabilities (N, K), got {}", q.shape());
  check(thresholds.shape() == Shape{q.shape()[1]} && thresholds.dtype() == q.dtype(),
        "confident_labels: expected thresholds {} {}, got {} {}", q.dtype(), Shape{q.shape()[1]}, thresholds.dtype(),
        thresholds.shape());
  const Tensor labels = empty({q.shape()[0]}, DType::i32, q.device());
  kernel::confident_labels(q, thresholds, labels);
  return labels;
}

Tensor is_labelled(const Tensor& labels) {
  check(labels.dtype() == DType::i32, "is_labelled: expected labels i32, got {}", labels.dtype());
  const Tensor y = empty(labels.shape(), DType::f32, labels.device());
  kernel::is_labelled(labels, y);
  return y;
}

}  // namespace s4l
