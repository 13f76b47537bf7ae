#pragma once
#include "s4l/core/kernel.h"

namespace s4l {

/// What FreeMatch (Wang et al. 2023) knows of its confidence: moving averages over the unlabelled batches.
struct Confidence {
  Tensor global;       ///< (1) tau_t: of the largest probability
  Tensor probability;  ///< (K) p~_t: of each class's probability
  Tensor histogram;    ///< (K) h~_t: of the shares of the most probable classes
};

/// The averages after probabilities q (N, K) f32: m <- decay m + (1 - decay) m_batch (eq. 5, 6 and 12). New tensors.
Confidence followed(const Confidence& before, const Tensor& q, double decay);
/// tau_t(c) = tau_t p~_t(c) / max_k p~_t(k) (eq. 8): (K).
Tensor self_adaptive_thresholds(const Confidence& confidence);

/// Self-adaptive fairness (eq. 11 and 13) of probabilities p (N, K) f32 or f64, over the n rows whose label (N) i32 is
/// not -1: sum_c a_c log(m_c), a = SumNorm(p~ / h~), m = SumNorm(p- / h-) with p- the mean of those rows and h- the
/// histogram of their most probable classes; a class that a histogram lacks takes no part (1 / 0 counts as 0), and
/// log(m) is log(m + 1e-12). A scalar; 0 where no row is labelled. Its gradient goes through p- alone.
Tensor fairness(const Tensor& p, const Tensor& labels, const Tensor& probability, const Tensor& histogram);

S4L_KERNEL(follow_confidence, const Tensor& q, double decay, const Tensor& global, const Tensor& probability,
           const Tensor& histogram, const Tensor& next_global, const Tensor& next_probability,
           const Tensor& next_histogram)
S4L_KERNEL(self_adaptive_thresholds, const Tensor& global, const Tensor& probability, const Tensor& thresholds)
/// loss is (); gp is d loss / dp, or empty if not wanted.
S4L_KERNEL(fairness, const Tensor& p, const Tensor& labels, const Tensor& probability, const Tensor& histogram,
           const Tensor& loss, const Tensor& gp)

}  // namespace s4l
