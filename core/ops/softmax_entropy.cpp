#include "s4l/core/ops/softmax_entropy.h"

#include "s4l/core/autograd.h"
#include "s4l/core/ops/add.h"

namespace s4l {

SoftmaxEntropy softmax_entropy(const Tensor& z, const Tensor& labels, SoftmaxEntropyOptions options) {
  const Shape& shape = z.shape();
  check(shape.rank == 2 && shape[1] >= 1, "softmax_entropy: expected logits (N, K) with K of 1 or more, got {}", shape);
  const bool hard = labels && labels.dtype() == DType::i32 && labels.shape() == Shape{shape[0]};
  const bool soft = labels && labels.dtype() == z.dtype() && labels.shape() == shape;
  check(!labels || hard || soft, "softmax_entropy: expected labels i32 {} or {} {}, got {} {}", Shape{shape[0]},
        z.dtype(), shape, labels ? labels.dtype() : z.dtype(), labels ? labels.shape() : Shape());
  check(options.label_smoothing >= 0 && options.label_smoothing <= 1,
        "softmax_entropy: expected label_smoothing from 0 to 1, got {}", options.label_smoothing);
  const auto per_row = [&] { return empty({shape[0]}, z.dtype(), z.device()); };
  SoftmaxEntropy result{empty({}, z.dtype(), z.device()), per_row(), per_row(), per_row()};
  const Tensor gz = z.requires_grad() ? empty_like(z) : Tensor();
  kernel::softmax_entropy(z, labels, options, result.loss, result.cross_entropy, result.entropy, result.hit, gz);
  result.loss = record("softmax_entropy", result.loss, {z}, [gz](const Tensor& gy, Needs) {
    const Tensor scaled = empty_like(gz);
    kernel::scale_by(gz, gy, scaled);
    return Grads{scaled};
  });
  return result;
}

}  // namespace s4l
