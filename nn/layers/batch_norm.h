#pragma once
#include "s4l/core/ops/batch_norm.h"
#include "s4l/nn/module.h"

namespace s4l::nn {

/// Batch normalisation over the last dimension, with a ReLU behind it where the options say so. Scale 1 and shift 0 at
/// first, without decay; the running statistics are buffers.
struct BatchNorm final : Module {
  Parameter weight, bias;  ///< gamma, beta (C)
  Tensor running_mean, running_var;
  BatchNormOptions options;
  explicit BatchNorm(std::int64_t channels, const BatchNormOptions& options = {});
  Tensor forward(const Tensor& x, Mode mode) override;
  void visit(Visitor& visitor) override;
};

}  // namespace s4l::nn
