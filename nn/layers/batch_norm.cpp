#include "s4l/nn/layers/batch_norm.h"

#include "s4l/nn/layers/init.h"

namespace s4l::nn {

BatchNorm::BatchNorm(std::int64_t channels, const BatchNormOptions& how)
    : weight(constant({channels}, 1, false)),
      bias(constant({channels}, 0, false)),
      running_mean(zeros({channels})),
      running_var(full({channels}, 1)),
      options(how) {}

Tensor BatchNorm::forward(const Tensor& x, Mode mode) {
  if (mode == Mode::eval) return batch_norm_eval(x, weight.value, bias.value, running_mean, running_var, options);
  const bool update = mode == Mode::train;
  return batch_norm_train(x, weight.value, bias.value, update ? running_mean : Tensor(),
                          update ? running_var : Tensor(), options);
}

void BatchNorm::visit(Visitor& visitor) {
  visitor.parameter("weight", weight);
  visitor.parameter("bias", bias);
  visitor.buffer("running_mean", running_mean);
  visitor.buffer("running_var", running_var);
}

}  // namespace s4l::nn
