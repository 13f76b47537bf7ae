#include "s4l/core/ops/batch_norm.h"

#include "s4l/core/autograd.h"

namespace s4l {
namespace {

/// What normalising, and its gradient, read besides the gradient itself.
struct Normalized {
  Saved x;
  Tensor mean, rstd, gamma, beta;
  Saved residual;
  BatchNormOptions options;

  Tensor result() const {
    const Tensor input = x.get();
    Tensor y = empty_like(input);
    kernel::batch_norm_apply(input, mean, rstd, gamma, beta, residual.get(), options, y);
    return y;
  }

  /// Of x, gamma, beta and the residual, each where `needs` asks for it.
  Grads backward(const Tensor& gy, Needs needs, bool through_statistics) const {
    const auto wanted = [&](int i, const Tensor& like) {
      return needs[i] ? needs.room(i, like.shape(), like.dtype(), like.device()) : Tensor();
    };
    const Tensor arrived = needs[0] ? needs.take(0) : Tensor();
    const Tensor gx = arrived && arrived.sole_owner() ? arrived : wanted(0, gy);
    const Tensor ggamma = wanted(1, gamma), gbeta = wanted(2, beta);
    const Tensor gresidual = options.relu ? wanted(3, gy) : Tensor();
    kernel::batch_norm_backward(x.get(), mean, rstd, gamma, beta, residual.get(), gy, options, through_statistics,
                                arrived, gx, ggamma, gbeta, gresidual);
    return {gx, ggamma, gbeta, needs[3] && !options.relu ? gy : gresidual};
  }
};

/// Of parameters and statistics: 16 bits are for activations.
DType parameter_type(const Tensor& x) { return x.dtype() == DType::f64 ? DType::f64 : DType::f32; }

void check_arguments(const char* op, const Tensor& x, std::initializer_list<Tensor> per_channel,
                     const BatchNormOptions& options, const Tensor& residual) {
  check(x.shape().rank == 2 || x.shape().rank == 4, "{}: expected x (N, H, W, C) or (N, C), got {}", op, x.shape());
  for (const Tensor& p : per_channel)
    check(p.shape() == Shape{x.shape().last()} && p.dtype() == parameter_type(x),
          "{}: expected gamma, beta, mean and variance {} {}, got {} {}", op, parameter_type(x),
          Shape{x.shape().last()}, p.dtype(), p.shape());
  check(options.groups >= 1 && x.shape()[0] % options.groups == 0,
        "{}: expected groups that divide the {} rows, got {}", op, x.shape()[0], options.groups);
  check(!residual || (residual.shape() == x.shape() && residual.dtype() == x.dtype()),
        "{}: expected a residual {} {}, got {} {}", op, x.dtype(), x.shape(), residual ? residual.dtype() : x.dtype(),
        residual ? residual.shape() : Shape());
}

Tensor normalize(const char* op, const Tensor& x, const Tensor& mean, const Tensor& rstd, const Tensor& gamma,
                 const Tensor& beta, const BatchNormOptions& options, const Tensor& residual, bool through_statistics) {
  const Normalized normalized{x, mean, rstd, gamma.detach(), beta.detach(), residual, options};
  const Tensor y = record(op, normalized.result(), {x, gamma, beta, residual},
                          [normalized, through_statistics](const Tensor& gy, Needs needs) {
                            return normalized.backward(gy, needs, through_statistics);
                          });
  return y.requires_grad() ? recomputed(y, [normalized] { return normalized.result(); }) : y;
}

}  // namespace

Tensor batch_norm_train(const Tensor& x, const Tensor& gamma, const Tensor& beta, const Tensor& running_mean,
                        const Tensor& running_var, const BatchNormOptions& options, const Tensor& residual) {
  check(static_cast<bool>(running_mean) == static_cast<bool>(running_var),
        "batch_norm_train: expected both running statistics or neither");
  check_arguments("batch_norm_train", x,
                  {gamma, beta, running_mean ? running_mean : gamma, running_var ? running_var : beta}, options,
                  residual);
  check(x.numel() > 0, "batch_norm_train: expected at least one row, got {}", x.shape());
  const Tensor mean = empty({options.groups, x.shape().last()}, parameter_type(x), x.device());
  const Tensor rstd = empty_like(mean);
  kernel::batch_norm_statistics(x, options, mean, rstd, running_mean, running_var);
  if (running_mean) {
    running_mean.bump_version();
    running_var.bump_version();
  }
  return normalize("batch_norm_train", x, mean, rstd, gamma, beta, options, residual, true);
}

Tensor batch_norm_eval(const Tensor& x, const Tensor& gamma, const Tensor& beta, const Tensor& mean, const Tensor& var,
                       const BatchNormOptions& options, const Tensor& residual) {
  BatchNormOptions one_group = options;
  one_group.groups = 1;
  check_arguments("batch_norm_eval", x, {gamma, beta, mean, var}, one_group, residual);
  const Tensor rstd = empty_like(var);
  kernel::batch_norm_rstd(var, options.epsilon, rstd);
  return normalize("batch_norm_eval", x, mean.detach(), rstd, gamma, beta, one_group, residual, false);
}

}  // namespace s4l
