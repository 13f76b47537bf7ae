#include <cmath>

#include "s4l/core/ops/update.h"
#include "s4l/kernels/cpu/dot.h"
#include "s4l/kernels/cpu/parallel_sum.h"

namespace s4l::cpu {

void clip_length(const Tensor& x, double longest) {
  constexpr std::int64_t kBlock = 1 << 14;
  with_float(x.dtype(), [&]<class T>() {
    T* at = x.data<T>();
    const double squares = sum_blocks(x.numel(), kBlock, [=](std::int64_t begin, std::int64_t end) {
      return dot(at + begin, at + begin, end - begin);
    });
    const auto factor = static_cast<T>(longest / std::sqrt(std::fmax(squares, longest * longest)));
    parallel_blocks(x.numel(), kBlock, [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) at[i] *= factor;
    });
  });
}

}  // namespace s4l::cpu
