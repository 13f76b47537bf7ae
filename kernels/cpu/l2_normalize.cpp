// With r = 1 / sqrt(max(|x|^2, floor)) per row: y = r x, and gx = r (gy - y (y . gy)) above the floor, r gy below.
#include "s4l/core/ops/l2_normalize.h"

#include <cmath>

#include "s4l/kernels/cpu/dot.h"
#include "s4l/kernels/cpu/parallel.h"

namespace s4l::cpu {
void l2_normalize(const Tensor& x, double floor, const Tensor& y) {
  const std::int64_t n = x.shape()[0], size = n == 0 ? 0 : x.numel() / n;
  with_float(x.dtype(), [&]<class T>() {
    parallel(n, [&](std::int64_t row) {
      const T* from = x.data<T>() + row * size;
      T* to = y.data<T>() + row * size;
      const auto r = static_cast<T>(1 / std::sqrt(std::fmax(dot(from, from, size), floor)));
      for (std::int64_t i = 0; i < size; ++i) to[i] = r * from[i];
    });
  });
}

void l2_normalize_backward(const Tensor& x, const Tensor& gy, double floor, const Tensor& gx) {
  const std::int64_t n = x.shape()[0], size = n == 0 ? 0 : x.numel() / n;
  with_float(x.dtype(), [&]<class T>() {
    parallel(n, [&](std::int64_t row) {
      const T *from = x.data<T>() + row * size, *g = gy.data<T>() + row * size;
      T* to = gx.data<T>() + row * size;
      const double squares = dot(from, from, size), r = 1 / std::sqrt(std::fmax(squares, floor));
      const auto along = static_cast<T>(squares > floor ? r * r * r * dot(from, g, size) : 0.0);
      const auto factor = static_cast<T>(r);
      for (std::int64_t i = 0; i < size; ++i) to[i] = factor * g[i] - along * from[i];
    });
  });
}

}  // namespace s4l::cpu
