#pragma once
// Sums and maxima over warps and blocks in one fixed order, so that every run gives the same bits. All lanes get the
// result. Blocks are one-dimensional and of whole warps, and all their threads take part.
#include <cmath>

#include "s4l/kernels/cuda/portable.h"

namespace s4l::S4L_KNS {

inline constexpr unsigned kWholeWarp = 0xffffffffu;
inline constexpr int kWarp = 32;

struct Plus {
  template <class T>
  __device__ __forceinline__ static T of(T a, T b) {
    return a + b;
  }
  template <class T>
  __device__ __forceinline__ static T nothing() {
    return T{0};
  }
};
/// Of floating numbers; a NaN is passed over.
struct Larger {
  template <class T>
  __device__ __forceinline__ static T of(T a, T b) {
    return std::fmax(a, b);
  }
  template <class T>
  __device__ __forceinline__ static T nothing() {
    return static_cast<T>(-INFINITY);
  }
};

/// Over each run of `width` lanes, a power of two. The butterfly adds the same pairs in every lane.
template <class Op, class T>
__device__ __forceinline__ T warp_reduce(T value, int width = kWarp) {
  for (int distance = width / 2; distance > 0; distance /= 2)
    value = Op::of(value, __shfl_xor_sync(kWholeWarp, value, distance));
  return value;
}

/// Over the block, N values of each thread at once.
template <class Op, int N, class T>
__device__ __forceinline__ void block_reduce(T (&values)[N]) {
  S4L_SHARED(T, partial, [N][kWarp]);
  const unsigned lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp, warps = blockDim.x / kWarp;
#pragma unroll
  for (int i = 0; i < N; ++i) values[i] = warp_reduce<Op>(values[i]);
  __syncthreads();  // somebody may still read the parts of a reduction before
#pragma unroll
  for (int i = 0; i < N; ++i)
    if (lane == 0) partial[i][warp] = values[i];
  __syncthreads();
#pragma unroll
  for (int i = 0; i < N; ++i) values[i] = warp_reduce<Op>(lane < warps ? partial[i][lane] : Op::template nothing<T>());
}
template <class Op, class T>
__device__ __forceinline__ T block_reduce(T value) {
  T values[1] = {value};
  block_reduce<Op>(values);
  return values[0];
}

template <class T>
__device__ __forceinline__ T warp_sum(T value, int width = kWarp) {
  return warp_reduce<Plus>(value, width);
}
template <class T>
__device__ __forceinline__ T warp_max(T value, int width = kWarp) {
  return warp_reduce<Larger>(value, width);
}
template <class T>
__device__ __forceinline__ T block_sum(T value) {
  return block_reduce<Plus>(value);
}
template <class T>
__device__ __forceinline__ T block_max(T value) {
  return block_reduce<Larger>(value);
}

/// The largest number seen and the first place that holds it; NaNs are passed over.
template <class T>
struct Largest {
  T value = static_cast<T>(-INFINITY);
  int place = 0;

  __device__ __forceinline__ void see(T other, int at) {
    if (other > value || (other == value && at < place)) {
      value = other;
      place = at;
    }
  }
};
template <class T>
__device__ __forceinline__ Largest<T> warp_largest(Largest<T> mine, int width = kWarp) {
  for (int distance = width / 2; distance > 0; distance /= 2) {
    const T value = __shfl_xor_sync(kWholeWarp, mine.value, distance);
    const int place = __shfl_xor_sync(kWholeWarp, mine.place, distance);
    mine.see(value, place);
  }
  return mine;
}

}  // namespace s4l::S4L_KNS
