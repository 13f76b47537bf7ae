#include "s4l/core/ops/cast.h"

#include "s4l/core/autograd.h"

namespace s4l {
namespace {

bool is_floating(DType dtype) {
  return dtype == DType::f32 || dtype == DType::f64 || dtype == DType::bf16 || dtype == DType::f16;
}

}  // namespace

Tensor cast(const Tensor& x, DType dtype) {
  check(is_floating(x.dtype()) && is_floating(dtype), "cast: expected two of f32, f64, bf16, f16, got {} to {}",
        x.dtype(), dtype);
  if (x.dtype() == dtype) return x;
  const Tensor y = empty(x.shape(), dtype, x.device());
  kernel::cast(x, y);
  return recorded_cast(y, x);
}

Tensor recorded_cast(const Tensor& y, const Tensor& x) {
  return record("cast", y, {x}, [from = x.dtype()](const Tensor& gy, Needs needs) {
    const Tensor gx = needs.room(0, gy.shape(), from, gy.device());
    kernel::cast(gy, gx);
    return Grads{gx};
  });
}

}  // namespace s4l
