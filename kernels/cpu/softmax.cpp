// A task is some rows. p_k = exp(z_k - max z) / sum_j exp(z_j - max z).
#include "s4l/core/ops/softmax.h"

#include <algorithm>
#include <cmath>

#include "s4l/kernels/cpu/parallel.h"

namespace s4l::cpu {
namespace {

template <class Body>
void for_each_row(const Shape& shape, const Body& body) {
  const std::int64_t k = shape[1], block = std::max<std::int64_t>(1, (1 << 12) / std::max<std::int64_t>(1, k));
  parallel_blocks(shape[0], block, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) body(row * k, k);
  });
}

}  // namespace

void softmax(const Tensor& z, const Tensor& p) {
  with_float(z.dtype(), [&]<class T>() {
    for_each_row(z.shape(), [from = z.data<T>(), to = p.data<T>()](std::int64_t at, std::int64_t k) {
      const T *in = from + at, max = k > 0 ? *std::max_element(in, in + k) : T{0};
      T* out = to + at;
      double sum = 0;
      for (std::int64_t i = 0; i < k; ++i) sum += static_cast<double>(out[i] = std::exp(in[i] - max));
      for (std::int64_t i = 0; i < k; ++i) out[i] = static_cast<T>(static_cast<double>(out[i]) / sum);
    });
  });
}

void softmax_backward(const Tensor& p, const Tensor& gp, const Tensor& gz) {
  with_float(p.dtype(), [&]<class T>() {
    for_each_row(p.shape(), [&, to = gz.data<T>()](std::int64_t at, std::int64_t k) {
      const T *share = p.data<T>() + at, *g = gp.data<T>() + at;
      double mean = 0;
      for (std::int64_t i = 0; i < k; ++i) mean += static_cast<double>(g[i]) * static_cast<double>(share[i]);
      for (std::int64_t i = 0; i < k; ++i)
        to[at + i] = static_cast<T>(static_cast<double>(share[i]) * (static_cast<double>(g[i]) - mean));
    });
  });
}

}  // namespace s4l::cpu
