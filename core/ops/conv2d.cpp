#include "s4l/core/ops/conv2d.h"

#include "s4l/core/autograd.h"

namespace s4l {
namespace {

Shape output_shape(const Shape& x, const Shape& w, const Conv2dOptions& options) {
  check(x.rank == 4, "conv2d: expected x (N, H, W, C), got {}", x);
  check(w.rank == 4, "conv2d: expected w (O, kh, kw, C), got {}", w);
  check(x[3] == w[3], "conv2d: expected as many channels in x and w, got x {} and w {}", x, w);
  check(w.numel() > 0, "conv2d: expected sizes of at least 1 in w, got {}", w);
  check(options.stride >= 1 && options.padding >= 0, "conv2d: expected stride >= 1 and padding >= 0, got {} and {}",
        options.stride, options.padding);
  const std::int64_t height = x[1] + 2 * options.padding, width = x[2] + 2 * options.padding;
  check(height >= w[1] && width >= w[2],
        "conv2d: expected x, padded by {}, no smaller than the kernel, got x {} and w {}", options.padding, x, w);
  return {x[0], (height - w[1]) / options.stride + 1, (width - w[2]) / options.stride + 1, w[0]};
}

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& w, Conv2dOptions options) {
  check(x.dtype() == w.dtype(), "conv2d: expected x and w of one type, got {} and {}", x.dtype(), w.dtype());
  Tensor y = empty(output_shape(x.shape(), w.shape(), options), x.dtype(), x.device());
  kernel::conv2d(x, w, options, y);
  return record("conv2d", y, {x, w},
                [x = Saved(x), w = Saved(w), xs = x.shape(), ws = w.shape(), options](const Tensor& gy, Needs needs) {
                  Grads grads(2);
                  if (needs[0])
                    kernel::conv2d_backward_data(gy, w.get(), options, grads[0] = empty(xs, gy.dtype(), gy.device()));
                  if (needs[1])
                    kernel::conv2d_backward_weight(x.get(), gy, options, grads[1] = empty(ws, gy.dtype(), gy.device()));
                  return grads;
                });
}

}  // namespace s4l
