#include "s4l/core/ops/add.h"

#include "s4l/core/autograd.h"

namespace s4l {

Tensor add(const Tensor& a, const Tensor& b) {
  check(a.shape() == b.shape() && a.dtype() == b.dtype(), "add: expected equal shapes and types, got {} {} and {} {}",
        a.dtype(), a.shape(), b.dtype(), b.shape());
  Tensor y = empty_like(a);
  kernel::add(a, b, y);
  return record("add", y, {a, b}, [](const Tensor& gy, Needs) { return Grads{gy, gy}; });
}

Tensor scale(const Tensor& x, double factor) {
  Tensor y = empty_like(x);
  kernel::scale(x, factor, y);
  return record("scale", y, {x}, [factor](const Tensor& gy, Needs) { return Grads{scale(gy, factor)}; });
}

Tensor scale_by(const Tensor& x, const Tensor& factor) {
  check(factor.numel() == 1 && factor.dtype() == x.dtype(), "scale_by: expected a factor of one {}, got {} {}",
        x.dtype(), factor.dtype(), factor.shape());
  Tensor y = empty_like(x);
  kernel::scale_by(x, factor, y);
  return record("scale_by", y, {x},
                [factor = factor.detach()](const Tensor& gy, Needs) { return Grads{scale_by(gy, factor)}; });
}

}  // namespace s4l
