#include "s4l/core/ops/self_adaptive.h"

#include "s4l/core/autograd.h"
#include "s4l/core/ops/add.h"

namespace s4l {

Confidence followed(const Confidence& before, const Tensor& q, double decay) {
  check(q.shape().rank == 2 && q.dtype() == DType::f32 && before.probability.shape() == Shape{q.shape()[1]},
        "followed: expected probabilities (N, {}) f32, got {} {}", before.probability.numel(), q.dtype(), q.shape());
  const Confidence next{empty_like(before.global), empty_like(before.probability), empty_like(before.histogram)};
  kernel::follow_confidence(q, decay, before.global, before.probability, before.histogram, next.global,
                            next.probability, next.histogram);
  return next;
}

Tensor self_adaptive_thresholds(const Confidence& confidence) {
  const Tensor thresholds = empty_like(confidence.probability);
  kernel::self_adaptive_thresholds(confidence.global, confidence.probability, thresholds);
  return thresholds;
}

Tensor fairness(const Tensor& p, const Tensor& labels, const Tensor& probability, const Tensor& histogram) {
  check(p.shape().rank == 2 && labels.shape() == Shape{p.shape()[0]} && labels.dtype() == DType::i32,
        "fairness: expected probabilities (N, K) and labels (N) i32, got {} and {} {}", p.shape(), labels.dtype(),
        labels.shape());
  for (const Tensor& row : {probability, histogram})
    check(row.shape() == Shape{p.shape()[1]} && row.dtype() == p.dtype(), "fairness: expected {} {}, got {} {}",
          p.dtype(), Shape{p.shape()[1]}, row.dtype(), row.shape());
  const Tensor loss = empty({}, p.dtype(), p.device()), gp = p.requires_grad() ? empty_like(p) : Tensor();
  kernel::fairness(p, labels, probability, histogram, loss, gp);
  return record("fairness", loss, {p}, [gp](const Tensor& gy, Needs) { return Grads{scale_by(gp, gy)}; });
}

}  // namespace s4l
