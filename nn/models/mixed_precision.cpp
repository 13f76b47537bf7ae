#include "s4l/nn/models/mixed_precision.h"

#include "s4l/core/ops/cast.h"

namespace s4l::nn {

MixedPrecision::MixedPrecision(Classifier& network, DType type) : network_(network), type_(type) {
  check(size_of(type) == 2, "mixed precision: expected bf16 or f16, got {}", type);
}

Tensor MixedPrecision::features(const Tensor& x, Mode mode) {
  return cast(network_.features(cast(x, type_), mode), x.dtype());
}

}  // namespace s4l::nn
