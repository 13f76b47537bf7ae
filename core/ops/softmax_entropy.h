#pragma once
#include "s4l/core/kernel.h"

namespace s4l {

struct SoftmaxEntropyOptions {
  double cross_entropy = 1;    ///< weight of the mean cross entropy in `loss`
  double entropy = 0;          ///< weight of the mean entropy in `loss`
  double label_smoothing = 0;  ///< the label's row becomes (1 - s) onehot + s / K
};

/// What one read of the logits gives. `loss` alone carries a gradient.
struct SoftmaxEntropy {
  Tensor loss;           ///< () cross_entropy * mean_i CE_i + entropy * mean_i H_i
  Tensor cross_entropy;  ///< (N) -log softmax(z_i)[y_i]; 0 where the label is -1
  Tensor entropy;        ///< (N) H(softmax(z_i))
  Tensor hit;            ///< (N) 1 where the largest logit is the label's (ties: the first counts), else 0
};

/// Softmax of logits z (N, K) against labels: i32 (N) with -1 for "none" (its cross entropy is 0, and it still counts
/// in the mean), or soft labels (N, K) of z's type, or empty (entropy alone). Spec 2.7 and 11. A logit of -inf has
/// probability 0 (and costs inf where its label is wanted); a row of nothing else, or with inf or NaN, gives NaN.
SoftmaxEntropy softmax_entropy(const Tensor& z, const Tensor& labels, SoftmaxEntropyOptions options = {});

/// The common case: mean cross entropy, a scalar.
inline Tensor cross_entropy(const Tensor& z, const Tensor& labels) { return softmax_entropy(z, labels).loss; }

/// gz is d loss / dz, or empty if not wanted; loss is (); labels may be empty.
S4L_KERNEL(softmax_entropy, const Tensor& z, const Tensor& labels, const SoftmaxEntropyOptions& options,
           const Tensor& loss, const Tensor& cross_entropy, const Tensor& entropy, const Tensor& hit, const Tensor& gz)

}  // namespace s4l
