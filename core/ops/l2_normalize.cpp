#include "s4l/core/ops/l2_normalize.h"

#include "s4l/core/autograd.h"

namespace s4l {

Tensor l2_normalize(const Tensor& x, double floor) {
  check(x.shape().rank >= 1, "l2_normalize: expected at least 1 dimension, got {}", x.shape());
  check(floor > 0, "l2_normalize: expected a floor above 0, got {}", floor);
  const Tensor y = empty_like(x);
  kernel::l2_normalize(x, floor, y);
  return record("l2_normalize", y, {x}, [x = Saved(x), floor](const Tensor& gy, Needs) {
    const Tensor gx = empty_like(gy);
    kernel::l2_normalize_backward(x.get(), gy, floor, gx);
    return Grads{gx};
  });
}

}  // namespace s4l
