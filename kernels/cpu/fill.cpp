#include "s4l/core/ops/fill.h"

#include <algorithm>

#include "s4l/kernels/cpu/parallel.h"

namespace s4l::cpu {
namespace {

template <class T>
T rounded(double value) {
  if constexpr (std::is_arithmetic_v<T>)
    return static_cast<T>(value);
  else
    return T(static_cast<float>(value));
}

}  // namespace

void fill(const Tensor& y, double value) {
  with_any_float(y.dtype(), [&]<class T>() {
    T* to = y.data<T>();
    parallel_blocks(y.numel(), 1 << 14,
                    [=](std::int64_t begin, std::int64_t end) { std::fill(to + begin, to + end, rounded<T>(value)); });
  });
}

}  // namespace s4l::cpu
