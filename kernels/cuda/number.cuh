#pragma once
// How kernels read and write numbers: of any floating type, computed with as float (f64 as double), 16 bytes at a time.
#include <type_traits>

#include "s4l/core/dtype.h"
#include "s4l/kernels/cuda/portable.h"
#ifdef __CUDACC__
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#endif

namespace s4l::S4L_KNS {

/// What numbers of type T are computed with.
template <class T>
using Number = std::conditional_t<std::is_same_v<T, double>, double, float>;

__device__ __forceinline__ float number(float x) { return x; }
__device__ __forceinline__ double number(double x) { return x; }
#ifdef __CUDACC__  // the processor's own instructions: core's types round as they do, and have their NaN
__device__ __forceinline__ float number(bf16 x) { return __bfloat162float(__ushort_as_bfloat16(x.bits)); }
__device__ __forceinline__ float number(f16 x) { return __half2float(__ushort_as_half(x.bits)); }
#else
inline float number(bf16 x) { return static_cast<float>(x); }
inline float number(f16 x) { return static_cast<float>(x); }
#endif

/// x in type T, to nearest even.
template <class T>
__device__ __forceinline__ T rounded(Number<T> x) {
  if constexpr (std::is_same_v<T, Number<T>>) {
    return x;
  } else {
#ifdef __CUDACC__
    T y;
    if constexpr (std::is_same_v<T, bf16>)
      y.bits = __bfloat16_as_ushort(__float2bfloat16_rn(x));
    else
      y.bits = __half_as_ushort(__float2half_rn(x));
    return y;
#else
    return T(x);
#endif
  }
}

/// How many numbers are 16 bytes.
template <class T>
inline constexpr int kVector = 16 / static_cast<int>(sizeof(T));

/// N neighbours (a power of two) in memory, read and written together; at an address that is a multiple of their bytes,
/// of 16 where they are more.
template <class T, int N>
struct alignas(N * sizeof(T) < 16 ? N * sizeof(T) : 16) Pack {
  T at[N];
};
template <int N, class T>
__device__ __forceinline__ void expect_pack([[maybe_unused]] const T* at) {
#ifndef __CUDACC__  // a GPU traps by itself
  emulated::expect_aligned(at, alignof(Pack<T, N>));
#endif
}
template <int N, class T>
__device__ __forceinline__ Pack<T, N> load_pack(const T* from) {
  expect_pack<N>(from);
  return *reinterpret_cast<const Pack<T, N>*>(from);
}
template <int N, class T>
__device__ __forceinline__ void store_pack(const Pack<T, N>& pack, T* to) {
  expect_pack<N>(to);
  *reinterpret_cast<Pack<T, N>*>(to) = pack;
}

/// The same where the compiler makes single writes of store_pack(), as of numbers that come from several places: 8 or
/// 16 bytes of global memory in one access.
template <int N, class T>
__device__ __forceinline__ void store_pack_at_once(const Pack<T, N>& pack, T* to) {
  std::conditional_t<sizeof(pack) == 16, uint4, uint2> words;
  static_assert(sizeof(words) == sizeof(pack));
  memcpy(&words, &pack, sizeof(words));
  store_at_once(to, words);
}

/// N neighbours as numbers.
template <int N, class T>
__device__ __forceinline__ void load(const T* from, Number<T> (&values)[N]) {
  const Pack<T, N> pack = load_pack<N>(from);
#pragma unroll
  for (int i = 0; i < N; ++i) values[i] = number(pack.at[i]);
}
template <int N, class T>
__device__ __forceinline__ Pack<T, N> pack_of(const Number<T> (&values)[N]) {
  Pack<T, N> pack;
#pragma unroll
  for (int i = 0; i < N; ++i) pack.at[i] = rounded<T>(values[i]);
  return pack;
}
template <int N, class T>
__device__ __forceinline__ void store(const Number<T> (&values)[N], T* to) {
  store_pack<N>(pack_of<N, T>(values), to);
}

}  // namespace s4l::S4L_KNS
