#include "s4l/core/ops/unary.h"

#include "s4l/core/autograd.h"

namespace s4l {

#define S4L_UNARY(name)                                                    \
  Tensor name(const Tensor& x) {                                           \
    const Tensor y = empty_like(x);                                        \
    kernel::name(x, y);                                                    \
    return record(#name, y, {x}, [x = Saved(x)](const Tensor& gy, Needs) { \
      const Tensor gx = empty_like(gy);                                    \
      kernel::name##_backward(x.get(), gy, gx);                            \
      return Grads{gx};                                                    \
    });                                                                    \
  }
#include "s4l/core/ops/unary.def"
#undef S4L_UNARY

}  // namespace s4l
