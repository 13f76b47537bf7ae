#include "s4l/core/ops/kl_divergence.h"

#include "s4l/core/autograd.h"
#include "s4l/core/ops/add.h"

namespace s4l {

KlDivergence kl_divergence(const Tensor& z, const Tensor& clean, KlOrder order) {
  check(z.shape().rank == 2 && z.shape()[1] >= 1, "kl_divergence: expected logits (N, K) with K of 1 or more, got {}",
        z.shape());
  check(clean.shape() == z.shape() && clean.dtype() == z.dtype(),
        "kl_divergence: expected clean logits {} {}, got {} {}", z.dtype(), z.shape(), clean.dtype(), clean.shape());
  KlDivergence result{empty({}, z.dtype(), z.device()), empty({z.shape()[0]}, z.dtype(), z.device())};
  const Tensor gz = z.requires_grad() ? empty_like(z) : Tensor();
  kernel::kl_divergence(z, clean, order, result.loss, result.rows, gz);
  result.loss = record("kl_divergence", result.loss, {z}, [gz](const Tensor& gy, Needs) {
    const Tensor scaled = empty_like(gz);
    kernel::scale_by(gz, gy, scaled);
    return Grads{scaled};
  });
  return result;
}

}  // namespace s4l
