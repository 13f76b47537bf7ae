#include "s4l/core/ops/update.h"

#include "s4l/core/ops/add.h"

namespace s4l {

void add_(const Tensor& y, const Tensor& x) {
  check(y.shape() == x.shape() && y.dtype() == x.dtype(), "add_: expected {} {}, got {} {}", y.dtype(), y.shape(),
        x.dtype(), x.shape());
  kernel::add(y, x, y);
  y.bump_version();
}

void scale_(const Tensor& y, double factor) {
  kernel::scale(y, factor, y);
  y.bump_version();
}

void clip_length_(const Tensor& x, double longest) {
  check(longest > 0, "clip_length_: expected a length above 0, got {}", longest);
  kernel::clip_length(x, longest);
  x.bump_version();
}

void sgd_update_(const Tensor& weight, const Tensor& gradient, const Tensor& velocity, const SgdCopies& copies,
                 const Tensor& lr, const Tensor& finite, const SgdUpdate& update) {
  const auto& [average, rounded] = copies;
  for (const Tensor& row : {gradient, velocity, average ? average : weight})
    check(row.shape() == weight.shape() && row.dtype() == weight.dtype(), "sgd_update_: expected {} {}, got {} {}",
          weight.dtype(), weight.shape(), row.dtype(), row.shape());
  check(!rounded || (rounded.shape() == weight.shape() && size_of(rounded.dtype()) == 2),
        "sgd_update_: expected bf16 or f16 {} to round to, got {} {}", weight.shape(),
        rounded ? rounded.dtype() : weight.dtype(), rounded ? rounded.shape() : Shape());
  for (const Tensor& number : {lr, finite ? finite : lr})
    check(number.numel() == 1 && number.dtype() == DType::f32,
          "sgd_update_: expected lr and finite as one f32 each, got {} {}", number.dtype(), number.shape());
  kernel::sgd_update(weight, gradient, velocity, copies, lr, finite, update);
  weight.bump_version();
  if (rounded) rounded.bump_version();
}

void average_(const Tensor& average, const Tensor& weight, const Tensor& step, const AverageDecay& decay) {
  check(average.shape() == weight.shape() && average.dtype() == weight.dtype(), "average_: expected {} {}, got {} {}",
        weight.dtype(), weight.shape(), average.dtype(), average.shape());
  check(step.numel() == 1 && step.dtype() == DType::f32, "average_: expected the step as one f32, got {} {}",
        step.dtype(), step.shape());
  kernel::average(average, weight, step, decay);
  average.bump_version();
}

}  // namespace s4l
