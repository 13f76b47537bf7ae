#include "s4l/core/ops/loss_scale.h"

namespace s4l {

void unscale_(const Tensor& gradient, const Tensor& state, const LossScaling& scaling) {
  check(state.shape() == Shape{3} && state.dtype() == DType::f32, "unscale_: expected a state f32 (3), got {} {}",
        state.dtype(), state.shape());
  check(scaling.growth >= 1 && scaling.backoff > 0 && scaling.backoff < 1 && scaling.interval >= 1,
        "unscale_: expected growth of 1 or more, backoff between 0 and 1, interval of 1 or more, got {}, {} and {}",
        scaling.growth, scaling.backoff, scaling.interval);
  check(0 < scaling.smallest && scaling.smallest <= scaling.largest,
        "unscale_: expected bounds above 0, the smallest first, got {} and {}", scaling.smallest, scaling.largest);
  kernel::unscale(gradient, state, scaling);
  gradient.bump_version();
  state.bump_version();
}

}  // namespace s4l
