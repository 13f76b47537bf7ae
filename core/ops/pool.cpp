#include "s4l/core/ops/pool.h"

#include "s4l/core/autograd.h"

namespace s4l {

Tensor max_pool2d(const Tensor& x, MaxPoolOptions options) {
  const Shape& in = x.shape();
  check(in.rank == 4, "max_pool2d: expected x (N, H, W, C), got {}", in);
  check(1 <= options.kernel && options.kernel <= 15 && options.stride >= 1,
        "max_pool2d: expected a kernel from 1 to 15 and a stride of 1 or more, got {} and {}", options.kernel,
        options.stride);
  check(0 <= options.padding && options.padding < options.kernel, "max_pool2d: expected a padding from 0 to {}, got {}",
        options.kernel - 1, options.padding);
  check(in[1] + 2 * options.padding >= options.kernel && in[2] + 2 * options.padding >= options.kernel,
        "max_pool2d: expected pictures of at least {} with padding {}, got {}", options.kernel, options.padding, in);
  const auto out = [&](std::int64_t size) {
    return (size + 2 * options.padding - options.kernel) / options.stride + 1;
  };
  const Tensor y = empty({in[0], out(in[1]), out(in[2]), in[3]}, x.dtype(), x.device());
  const Tensor argmax = empty(y.shape(), DType::u8, x.device());
  kernel::max_pool2d(x, options, y, argmax);
  return record("max_pool2d", y, {x}, [argmax, options, in](const Tensor& gy, Needs) {
    const Tensor gx = empty(in, gy.dtype(), gy.device());
    kernel::max_pool2d_backward(gy, argmax, options, gx);
    return Grads{gx};
  });
}

Tensor global_avg_pool(const Tensor& x) {
  const Shape& in = x.shape();
  check(in.rank == 4 && in[1] * in[2] > 0, "global_avg_pool: expected x (N, H, W, C) with H W of 1 or more, got {}",
        in);
  const Tensor y = empty({in[0], in[3]}, x.dtype(), x.device());
  kernel::global_avg_pool(x, y);
  return record("global_avg_pool", y, {x}, [in](const Tensor& gy, Needs) {
    const Tensor gx = empty(in, gy.dtype(), gy.device());
    kernel::global_avg_pool_backward(gy, gx);
    return Grads{gx};
  });
}

}  // namespace s4l
