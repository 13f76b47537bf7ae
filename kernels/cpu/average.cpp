#include "s4l/core/ops/update.h"
#include "s4l/kernels/cpu/parallel.h"

namespace s4l::cpu {

void average(const Tensor& average, const Tensor& weight, const Tensor& step, const AverageDecay& decay) {
  const double d = static_cast<double>(*step.data<float>()) < decay.until ? decay.early : decay.decay;
  with_float(weight.dtype(), [&]<class T>() {
    T* to = average.data<T>();
    const T* from = weight.data<T>();
    const auto keep = static_cast<T>(d), take = static_cast<T>(1 - d);
    parallel_blocks(weight.numel(), 1 << 14, [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) to[i] = keep * to[i] + take * from[i];
    });
  });
}

}  // namespace s4l::cpu
