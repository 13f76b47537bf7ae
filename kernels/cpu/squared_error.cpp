// loss = (1/n) sum (x - t)^2, gx = (2/n) (x - t).
#include "s4l/core/ops/squared_error.h"

#include "s4l/kernels/cpu/dot.h"
#include "s4l/kernels/cpu/parallel_sum.h"

namespace s4l::cpu {

void squared_error(const Tensor& x, const Tensor& target, const Tensor& loss, const Tensor& gx) {
  constexpr std::int64_t kBlock = 1 << 13;
  with_float(x.dtype(), [&]<class T>() {
    const T *a = x.data<T>(), *b = target.data<T>();
    T* g = gx ? gx.data<T>() : nullptr;
    const auto n = static_cast<double>(x.numel());
    const T twice = static_cast<T>(2 / n);
    const double sum = sum_blocks(x.numel(), kBlock, [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; g && i < end; ++i) g[i] = twice * (a[i] - b[i]);
      return squared_distance(a + begin, b + begin, end - begin);
    });
    *loss.data<T>() = x.numel() == 0 ? T{0} : static_cast<T>(sum / n);
  });
}

}  // namespace s4l::cpu
