#include "s4l/core/ops/vat.h"

namespace s4l {
namespace {

void check_rows(const char* op, const Tensor& x) {
  check(x.shape().rank >= 1, "{}: expected rows (N, ...), got {}", op, x.shape());
}

}  // namespace

Tensor vat_start(const Tensor& x, double xi, const Tensor& random) {
  check_rows("vat_start", x);
  check(random.dtype() == DType::i32 && random.shape() == Shape{6},
        "vat_start: expected random words i32 (6), got {} {}", random.dtype(), random.shape());
  Tensor y = empty_like(x);
  kernel::vat_start(x, xi, random, y);
  return y;
}

VatStep vat_step(const Tensor& x, const Tensor& g, const VatStepOptions& options, const Tensor& bound) {
  check_rows("vat_step", x);
  check(g.shape() == x.shape() && g.dtype() == x.dtype(), "vat_step: expected a gradient {} {}, got {} {}", x.dtype(),
        x.shape(), g.dtype(), g.shape());
  const Shape per_row{x.shape()[0]};
  check(!bound || (bound.shape() == per_row && bound.dtype() == x.dtype()),
        "vat_step: expected a bound {} {}, got {} {}", x.dtype(), per_row, bound ? bound.dtype() : x.dtype(),
        bound ? bound.shape() : Shape());
  VatStep step{empty_like(x), empty(per_row, x.dtype(), x.device())};
  kernel::vat_step(x, g, options, bound, step.x, step.length);
  return step;
}

Tensor half_nearest_distance(const Tensor& x) {
  check_rows("half_nearest_distance", x);
  Tensor y = empty({x.shape()[0]}, x.dtype(), x.device());
  kernel::half_nearest_distance(x, y);
  return y;
}

}  // namespace s4l
