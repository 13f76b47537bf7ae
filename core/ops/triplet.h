#pragma once
#include "s4l/core/kernel.h"

namespace s4l {

struct Triplet {
  Tensor loss;     ///< () mean of `anchors`; alone carries a gradient
  Tensor anchors;  ///< (N) log(1 + exp(p_j - n_j))
};

/// Batch-hard triplet loss with a soft margin (spec 2.4) of embeddings e (N, D): every row is an anchor, p_j its
/// largest distance to a row of the same identity, n_j its smallest to one of another, Euclidean. Rows are compared
/// within each of `groups` equal runs of rows (virtual replicas). identity: (N) i32. Rows of equal distance share the
/// gradient; an anchor without a positive or a negative is worth 0 and counts in the mean.
Triplet triplet(const Tensor& e, const Tensor& identity, int groups = 1);

/// ge is d loss / de, or empty if not wanted; loss is ().
S4L_KERNEL(triplet, const Tensor& e, const Tensor& identity, int groups, const Tensor& loss, const Tensor& anchors,
           const Tensor& ge)

}  // namespace s4l
