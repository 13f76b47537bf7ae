#pragma once
#include <cstdint>

#include "s4l/kernels/cuda/reduce.cuh"

namespace s4l::S4L_KNS {

/// A row's largest number and its first place, found by a warp: as std::max_element has it, which a NaN at the front
/// stays in front for and one elsewhere is never larger.
template <class T>
__device__ __forceinline__ Largest<T> most_probable(const T* row, std::int64_t k) {
  Largest<T> largest;
  for (int i = static_cast<int>(threadIdx.x) % kWarp; i < k; i += kWarp) largest.see(row[i], i);
  largest = warp_largest(largest);
  return row[0] == row[0] ? largest : Largest<T>{row[0], 0};
}

/// The calling warp's share of n rows: body(row).
template <class Body>
__device__ __forceinline__ void for_rows_of_warps(std::int64_t n, const Body& body) {
  const std::int64_t warps = blockDim.x / kWarp, step = warps * gridDim.x;
  for (std::int64_t row = blockIdx.x * warps + threadIdx.x / kWarp; row < n; row += step) body(row);
}

}  // namespace s4l::S4L_KNS
