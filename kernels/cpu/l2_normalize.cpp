// With r = 1 / sqrt(max(|x|^2, floor)) per row: y = r x, and gx = r (gy - y (y . gy)) above the floor, r gy below.
#include "s4l/core/ops/l2_normalize.h"

#include <algorithm>
#include <cmath>

#include "s4l/kernels/cpu/dot.h"
#include "s4l/kernels/cpu/parallel.h"

namespace s4l::cpu {
namespace {

/// Calls body(row) for n rows of `size` elements, enough of them to a task that handing it out does not count.
template <class Body>
void each_row(std::int64_t n, std::int64_t size, const Body& body) {
  constexpr std::int64_t kElements = 1 << 14;
  parallel_blocks(n, std::max<std::int64_t>(1, kElements / std::max<std::int64_t>(size, 1)),
                  [&](std::int64_t begin, std::int64_t end) {
                    for (std::int64_t row = begin; row < end; ++row) body(row);
                  });
}

}  // namespace

void l2_normalize(const Tensor& x, double floor, const Tensor& y) {
  const std::int64_t n = x.shape()[0], size = n == 0 ? 0 : x.numel() / n;
  with_float(x.dtype(), [&]<class T>() {
    each_row(n, size, [&](std::int64_t row) {
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
    each_row(n, size, [&](std::int64_t row) {
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
