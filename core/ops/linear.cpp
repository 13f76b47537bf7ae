#include "s4l/core/ops/linear.h"

#include "s4l/core/autograd.h"

namespace s4l {

Tensor linear(const Tensor& x, const Tensor& w, const Tensor& b) {
  check(x.shape().rank == 2 && w.shape().rank == 2 && x.shape()[1] == w.shape()[1],
        "linear: expected x (N, F) and w (K, F), got {} and {}", x.shape(), w.shape());
  check(x.dtype() == w.dtype(), "linear: expected x and w of one type, got {} and {}", x.dtype(), w.dtype());
  check(w.numel() > 0, "linear: expected sizes of at least 1 in w, got {}", w.shape());
  if (b)
    check(b.shape() == Shape{w.shape()[0]} && b.dtype() == w.dtype(), "linear: expected b {} ({}), got {} {}",
          w.dtype(), w.shape()[0], b.dtype(), b.shape());
  Tensor y = empty({x.shape()[0], w.shape()[0]}, x.dtype(), x.device());
  kernel::linear(x, w, b, y);
  std::vector<Tensor> inputs{x, w};
  if (b) inputs.push_back(b);
  return record(
      "linear", y, inputs,
      [x = Saved(x), w = Saved(w), xs = x.shape(), ws = w.shape(), with_bias = bool(b)](const Tensor& gy, Needs needs) {
        Grads grads(with_bias ? 3 : 2);
        const auto wanted = [&](int input, Shape shape) {
          return needs[input] ? grads[input] = needs.room(input, shape, gy.dtype(), gy.device()) : Tensor();
        };
        const Tensor gx = wanted(0, xs), gw = wanted(1, ws), gb = with_bias ? wanted(2, {ws[0]}) : Tensor();
        kernel::linear_backward(gy, gw ? x.get() : Tensor(), w.get(), gx, gw, gb);
        return grads;
      });
}

}  // namespace s4l
