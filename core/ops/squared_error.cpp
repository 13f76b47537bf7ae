#include "s4l/core/ops/squared_error.h"

#include "s4l/core/autograd.h"
#include "s4l/core/ops/add.h"

namespace s4l {

Tensor squared_error(const Tensor& x, const Tensor& target) {
  check(x.shape() == target.shape() && x.dtype() == target.dtype(),
        "squared_error: expected equal shapes and types, got {} {} and {} {}", x.dtype(), x.shape(), target.dtype(),
        target.shape());
  const Tensor loss = empty({}, x.dtype(), x.device()), gx = x.requires_grad() ? empty_like(x) : Tensor();
  kernel::squared_error(x, target, loss, gx);
  return record("squared_error", loss, {x}, [gx](const Tensor& gy, Needs) { return Grads{scale_by(gx, gy)}; });
}

}  // namespace s4l
