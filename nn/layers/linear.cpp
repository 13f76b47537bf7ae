#include "s4l/nn/layers/linear.h"

#include "s4l/core/ops/linear.h"
#include "s4l/nn/layers/init.h"

namespace s4l::nn {
Linear::Linear(std::int64_t in, std::int64_t out, Rng& rng, bool zero)
    : weight(zero ? constant({out, in}, 0, true) : glorot_kernel({out, in}, rng)), bias(constant({out}, 0, false)) {}

Tensor Linear::forward(const Tensor& x, Mode) { return linear(x, weight.in(x.dtype()), bias.in(x.dtype())); }

void Linear::visit(Visitor& visitor) {
  visitor.parameter("weight", weight);
  visitor.parameter("bias", bias);
}

}  // namespace s4l::nn
