#pragma once
#include "s4l/core/kernel.h"

namespace s4l {

/// y += x, in place; not recorded.
void add_(const Tensor& y, const Tensor& x);
/// y *= factor, in place; not recorded.
void scale_(const Tensor& y, double factor);
/// x *= min(1, longest / |x|) in place, |x| over all of x and summed in f64; no number reaches the host. Not recorded.
void clip_length_(const Tensor& x, double longest);

/// One step of SGD over flat buffers of equal length (f32), in one pass: see nn/optim/sgd.h.
struct SgdUpdate {
  double momentum = 0.9;
  double weight_decay = 0;   ///< lambda of the penalty lambda/2 |w|^2
  std::int64_t decayed = 0;  ///< it applies to the first `decayed` elements
  bool nesterov = false;
  double ema_decay = 0;  ///< rho of the running average; used where one is given
};
/// What a step leaves of the weights besides themselves; each may be empty.
struct SgdCopies {
  Tensor average{};  ///< rho average + (1 - rho) w
  Tensor rounded{};  ///< w in bf16 or f16: what the next forward pass reads
};
/// g = gradient + lambda w; v = mu v + g; w -= lr v (Nesterov: lr (g + mu v)); then the copies of the new w. `lr` is a
/// device scalar (one f32); so is `finite`, which may be empty: where it is 0 nothing changes. Advances w's version.
void sgd_update_(const Tensor& weight, const Tensor& gradient, const Tensor& velocity, const SgdCopies& copies,
                 const Tensor& lr, const Tensor& finite, const SgdUpdate& update);

/// How fast an average follows what it averages: by `early` before step `until`, by `decay` from then on.
struct AverageDecay {
  double early = 0.99, decay = 0.999;
  double until = 0;
};
/// average = d average + (1 - d) weight, with d of `step` (one f32 on the device): a teacher's weights. Not recorded.
void average_(const Tensor& average, const Tensor& weight, const Tensor& step, const AverageDecay& decay);

S4L_KERNEL(clip_length, const Tensor& x, double longest)
S4L_KERNEL(average, const Tensor& average, const Tensor& weight, const Tensor& step, const AverageDecay& decay)
S4L_KERNEL(sgd_update, const Tensor& weight, const Tensor& gradient, const Tensor& velocity, const SgdCopies& copies,
           const Tensor& lr, const Tensor& finite, const SgdUpdate& update)

}  // namespace s4l
