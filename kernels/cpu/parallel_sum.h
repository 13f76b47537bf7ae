#pragma once
#include "s4l/kernels/cpu/parallel.h"
#include "s4l/kernels/cpu/scratch.h"

namespace s4l::cpu {

/// The sum of body(begin, end) over the blocks of parallel_blocks(), in their order.
template <class Body>
double sum_blocks(std::int64_t n, std::int64_t block, const Body& body) {
  if (n <= block) return n > 0 ? body(std::int64_t{0}, n) : 0.0;
  const std::int64_t blocks = (n + block - 1) / block;
  const Scratch memory(2 * blocks);
  auto* const parts = reinterpret_cast<double*>(memory.data());
  parallel_blocks(n, block, [&](std::int64_t begin, std::int64_t end) { parts[begin / block] = body(begin, end); });
  double sum = 0;
  for (std::int64_t i = 0; i < blocks; ++i) sum += parts[i];
  return sum;
}

}  // namespace s4l::cpu
