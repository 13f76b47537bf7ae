#pragma once
#include "s4l/core/kernel.h"

namespace s4l {

/// Curriculum pseudo-labelling (Zhang et al. 2021, FlexMatch, eq. 5-7, 10 and 11).
///
/// `counts` (K) i64 holds sigma(c), how many of `pictures` unlabelled pictures were last confidently seen as c. Returns
/// the thresholds (K) f32: T(c) = M(beta(c)) tau, M(x) = x / (2 - x), beta(c) = sigma(c) / max(max_k sigma(k),
/// pictures - sum_k sigma(k)), where the second of the two is left out without `warm_up`.
Tensor curriculum_thresholds(const Tensor& counts, std::int64_t pictures, double tau, bool warm_up);
/// Takes note of probabilities q (N, K) f32 of the pictures `index` (N) i64: where the largest exceeds tau, seen[index]
/// (i32, -1 at first) becomes its class, and `counts` follows.
void note_confident_(const Tensor& seen, const Tensor& counts, const Tensor& q, const Tensor& index, double tau);

S4L_KERNEL(curriculum_thresholds, const Tensor& counts, std::int64_t pictures, double tau, bool warm_up,
           const Tensor& thresholds)
S4L_KERNEL(note_confident, const Tensor& seen, const Tensor& counts, const Tensor& q, const Tensor& index, double tau)

}  // namespace s4l
