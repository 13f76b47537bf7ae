#include "s4l/core/ops/softmax.h"

#include "s4l/core/autograd.h"

namespace s4l {

Tensor softmax(const Tensor& z) {
  check(z.shape().rank == 2, "softmax: expected logits (N, K), got {}", z.shape());
  const Tensor p = empty_like(z);
  kernel::softmax(z, p);
  return record("softmax", p, {z}, [p = p.detach()](const Tensor& gp, Needs) {
    const Tensor gz = empty_like(gp);
    kernel::softmax_backward(p, gp, gz);
    return Grads{gz};
  });
}

}  // namespace s4l
