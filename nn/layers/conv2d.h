#pragma once
#include "s4l/core/ops/conv2d.h"
#include "s4l/core/rng.h"
#include "s4l/nn/module.h"

namespace s4l::nn {

struct Conv2dSize {
  std::int64_t in;   ///< channels
  std::int64_t out;  ///< channels
  int kernel = 3;    ///< rows and columns, odd; padded by kernel / 2 zeros on each side
  int stride = 1;
};

/// Convolution without bias: (N, H, W, in) to (N, ceil(H / stride), ceil(W / stride), out). Weight Glorot-uniform.
struct Conv2d final : Module {
  Parameter weight;  ///< (out, kernel, kernel, in)
  Conv2dOptions options;
  Conv2d(const Conv2dSize& size, Rng& rng);
  Tensor forward(const Tensor& x, Mode mode) override;
  void visit(Visitor& visitor) override;
};

}  // namespace s4l::nn
