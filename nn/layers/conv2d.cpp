#include "s4l/nn/layers/conv2d.h"

#include "s4l/nn/layers/init.h"

namespace s4l::nn {

Conv2d::Conv2d(const Conv2dSize& size, Rng& rng)
    : weight(glorot_kernel({size.out, size.kernel, size.kernel, size.in}, rng)),
      options{.stride = size.stride, .padding = size.kernel / 2} {}

Tensor Conv2d::forward(const Tensor& x, Mode) { return conv2d(x, weight.in(x.dtype()), options); }

void Conv2d::visit(Visitor& visitor) { visitor.parameter("weight", weight); }

}  // namespace s4l::nn
