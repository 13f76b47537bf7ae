#include "s4l/core/ops/curriculum.h"

namespace s4l {

Tensor curriculum_thresholds(const Tensor& counts, std::int64_t pictures, double tau, bool warm_up) {
  check(counts.shape().rank == 1 && counts.dtype() == DType::i64,
        "curriculum_thresholds: expected counts (K) i64, got {} {}", counts.dtype(), counts.shape());
  const Tensor thresholds = empty(counts.shape(), DType::f32, counts.device());
  kernel::curriculum_thresholds(counts, pictures, tau, warm_up, thresholds);
  return thresholds;
}

void note_confident_(const Tensor& seen, const Tensor& counts, const Tensor& q, const Tensor& index, double tau) {
  check(q.shape().rank == 2 && q.dtype() == DType::f32 && index.shape() == Shape{q.shape()[0]} &&
            index.dtype() == DType::i64,
        "note_confident_: expected probabilities (N, K) f32 and an index (N) i64, got {} {} and {} {}", q.dtype(),
        q.shape(), index.dtype(), index.shape());
  check(counts.shape() == Shape{q.shape()[1]} && counts.dtype() == DType::i64 && seen.dtype() == DType::i32,
        "note_confident_: expected counts {} i64 and seen i32, got {} {} and {}", Shape{q.shape()[1]}, counts.shape(),
        counts.dtype(), seen.dtype());
  kernel::note_confident(seen, counts, q, index, tau);
  seen.bump_version();
  counts.bump_version();
}

}  // namespace s4l
