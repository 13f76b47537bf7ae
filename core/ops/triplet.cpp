#include "s4l/core/ops/triplet.h"

#include "s4l/core/autograd.h"
#include "s4l/core/ops/add.h"

namespace s4l {

Triplet triplet(const Tensor& e, const Tensor& identity, int groups) {
  check(e.shape().rank == 2, "triplet: expected embeddings (N, D), got {}", e.shape());
  const std::int64_t n = e.shape()[0];
  check(identity.dtype() == DType::i32 && identity.shape() == Shape{n},
        "triplet: expected identities i32 {}, got {} {}", Shape{n}, identity.dtype(), identity.shape());
  check(groups >= 1 && n % groups == 0, "triplet: expected groups that divide the {} rows, got {}", n, groups);
  Triplet result{empty({}, e.dtype(), e.device()), empty({n}, e.dtype(), e.device())};
  const Tensor ge = e.requires_grad() ? empty_like(e) : Tensor();
  kernel::triplet(e, identity, groups, result.loss, result.anchors, ge);
  result.loss = record("triplet", result.loss, {e}, [ge](const Tensor& gy, Needs) {
    const Tensor scaled = empty_like(ge);
    kernel::scale_by(ge, gy, scaled);
    return Grads{scaled};
  });
  return result;
}

}  // namespace s4l
