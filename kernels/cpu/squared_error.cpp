// loss = (1/n) sum (x - t)^2, gx = (2/n) (x - t). Logits' worth of numbers: one thread.
#include "s4l/core/ops/squared_error.h"

namespace s4l::cpu {

void squared_error(const Tensor& x, const Tensor& target, const Tensor& loss, const Tensor& gx) {
  with_float(x.dtype(), [&]<class T>() {
    const T *a = x.data<T>(), *b = target.data<T>();
    T* g = gx ? gx.data<T>() : nullptr;
    const auto n = static_cast<double>(x.numel());
    double sum = 0;
    for (std::int64_t i = 0; i < x.numel(); ++i) {
      const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
      sum += difference * difference;
      if (g) g[i] = static_cast<T>(2 / n * difference);
    }
    *loss.data<T>() = x.numel() == 0 ? T{0} : static_cast<T>(sum / n);
  });
}

}  // namespace s4l::cpu
