#include "s4l/kernels/cuda/aligned.h"

namespace s4l::cuda {

bool is_aligned(const Tensor& x) { return !x || reinterpret_cast<std::uintptr_t>(x.raw()) % kAlignment == 0; }

Tensor aligned(const Tensor& x) {
  if (is_aligned(x)) return x;
  const Tensor copy = empty_like(x);
  copy_(copy, x);
  return copy;
}

Tensor aligned_result(const Tensor& x) { return is_aligned(x) ? x : empty_like(x); }

void copy_back(const Tensor& x, const Tensor& written) {
  if (x && x.raw() != written.raw()) copy_(x, written);
}

}  // namespace s4l::cuda
