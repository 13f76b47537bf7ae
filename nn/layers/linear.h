#pragma once
#include "s4l/core/rng.h"
#include "s4l/nn/module.h"

namespace s4l::nn {

/// x w^T + b: (N, in) to (N, out). Weight Glorot-uniform or zero, bias 0 and without decay.
struct Linear final : Module {
  Parameter weight, bias;
  Linear(std::int64_t in, std::int64_t out, Rng& rng, bool zero = false);
  Tensor forward(const Tensor& x, Mode mode) override;
  void visit(Visitor& visitor) override;
};

}  // namespace s4l::nn
