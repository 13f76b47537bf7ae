#include "s4l/core/ops/conv2d.h"

#include "s4l/core/autograd.h"

namespace s4l {
namespace {

void check_options(const Conv2dOptions& options) {
  check(options.stride >= 1 && options.padding >= 0, "conv2d: expected stride >= 1 and padding >= 0, got {} and {}",
        options.stride, options.padding);
  check(options.dilation >= 1 && options.groups >= 1, "conv2d: expected dilation >= 1 and groups >= 1, got {} and {}",
        options.dilation, options.groups);
}

/// How many times a kernel of `taps` fits an axis; 0 if it is longer than the padded axis.
std::int64_t windows(std::int64_t size, std::int64_t taps, const Conv2dOptions& options) {
  const std::int64_t room = size + 2 * std::int64_t{options.padding} - options.dilation * (taps - 1) - 1;
  return room < 0 ? 0 : room / options.stride + 1;
}

Shape output_shape(const Shape& x, const Shape& w, const Conv2dOptions& options) {
  check_options(options);
  check(x.rank == 4, "conv2d: expected x (N, H, W, C), got {}", x);
  check(w.rank == 4, "conv2d: expected w (O, kh, kw, C / groups), got {}", w);
  check(w.numel() > 0, "conv2d: expected sizes of at least 1 in w, got {}", w);
  const int groups = options.groups;
  check(x[3] == w[3] * groups, "conv2d: expected as many channels in x and w x groups {}, got x {} and w {}", groups, x,
        w);
  check(w[0] % groups == 0, "conv2d: expected outputs that {} groups can share, got x {} and w {}", groups, x, w);
  const Shape y{x[0], windows(x[1], w[1], options), windows(x[2], w[2], options), w[0]};
  check(y[1] > 0 && y[2] > 0,
        "conv2d: expected x, padded by {}, no smaller than the kernel with dilation {}, got x {} and w {}",
        options.padding, options.dilation, x, w);
  return y;
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
                    kernel::conv2d_backward_weight(x.get(), gy, options,
                                                   grads[1] = needs.room(1, ws, gy.dtype(), gy.device()));
                  return grads;
                });
}

}  // namespace s4l
