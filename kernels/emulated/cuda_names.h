#pragma once
// CUDA's names for kernels that the host's compiler builds: each means what CUDA's programming guide says. Only
// kernels/cuda/portable.h includes this.
#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "s4l/kernels/emulated/executor.h"
#include "s4l/kernels/emulated/tensor_core.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)

#define threadIdx (::s4l::emulated::place.thread_index)
#define blockIdx (::s4l::emulated::place.block_index)
#define blockDim (::s4l::emulated::place.block_size)
#define gridDim (::s4l::emulated::place.grid_size)

namespace s4l::emulated::names {

inline constexpr int warpSize = 32;

#define S4L_HERE \
  Site { file, line }
#define S4L_SITE const char *file = __builtin_FILE(), int line = __builtin_LINE()

// --- the block ---------------------------------------------------------------------------------------------------
inline void __syncthreads(S4L_SITE) { barrier(Vote::none, false, S4L_HERE); }
inline int __syncthreads_count(int predicate, S4L_SITE) { return barrier(Vote::count, predicate != 0, S4L_HERE); }
inline int __syncthreads_and(int predicate, S4L_SITE) { return barrier(Vote::all, predicate != 0, S4L_HERE); }
inline int __syncthreads_or(int predicate, S4L_SITE) { return barrier(Vote::any, predicate != 0, S4L_HERE); }
inline void __threadfence() { thread_fence(); }
inline void __threadfence_block() { thread_fence(); }

// --- the warp ----------------------------------------------------------------------------------------------------
inline void __syncwarp(unsigned mask = 0xffffffffu, S4L_SITE) {
  warp_collective({Collective::sync, mask, nullptr, nullptr, 0, 0, 32}, S4L_HERE);
}

template <class T>
T shuffled(Collective operation, unsigned mask, const T& value, int argument, int width, Site site) {
  static_assert(sizeof(T) <= 16);
  T result;
  warp_collective({operation, mask, &value, &result, sizeof(T), argument, width}, site);
  return result;
}
template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32, S4L_SITE) {
  return shuffled(Collective::shuffle, mask, value, source, width, S4L_HERE);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, S4L_SITE) {
  return shuffled(Collective::shuffle_up, mask, value, static_cast<int>(delta), width, S4L_HERE);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, S4L_SITE) {
  return shuffled(Collective::shuffle_down, mask, value, static_cast<int>(delta), width, S4L_HERE);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = 32, S4L_SITE) {
  return shuffled(Collective::shuffle_xor, mask, value, lane_mask, width, S4L_HERE);
}

template <class Result, class T>
Result combined_over_warp(Collective operation, unsigned mask, const T& value, Site site) {
  Result result;
  warp_collective({operation, mask, &value, &result, sizeof(T), 0, 32}, site);
  return result;
}
inline unsigned __ballot_sync(unsigned mask, int predicate, S4L_SITE) {
  return combined_over_warp<unsigned>(Collective::ballot, mask, predicate, S4L_HERE);
}
inline int __any_sync(unsigned mask, int predicate, S4L_SITE) {
  return combined_over_warp<int>(Collective::any, mask, predicate, S4L_HERE);
}
inline int __all_sync(unsigned mask, int predicate, S4L_SITE) {
  return combined_over_warp<int>(Collective::all, mask, predicate, S4L_HERE);
}
template <class T>
unsigned __match_any_sync(unsigned mask, T value, S4L_SITE) {
  return combined_over_warp<unsigned>(Collective::match_any, mask, value, S4L_HERE);
}
inline unsigned __reduce_add_sync(unsigned mask, unsigned value, S4L_SITE) {
  return combined_over_warp<unsigned>(Collective::add, mask, value, S4L_HERE);
}
inline int __reduce_add_sync(unsigned mask, int value, S4L_SITE) {
  return combined_over_warp<int>(Collective::add, mask, value, S4L_HERE);
}
inline unsigned __reduce_min_sync(unsigned mask, unsigned value, S4L_SITE) {
  return combined_over_warp<unsigned>(Collective::min, mask, value, S4L_HERE);
}
inline int __reduce_min_sync(unsigned mask, int value, S4L_SITE) {
  return combined_over_warp<int>(Collective::min_signed, mask, value, S4L_HERE);
}
inline unsigned __reduce_max_sync(unsigned mask, unsigned value, S4L_SITE) {
  return combined_over_warp<unsigned>(Collective::max, mask, value, S4L_HERE);
}
inline int __reduce_max_sync(unsigned mask, int value, S4L_SITE) {
  return combined_over_warp<int>(Collective::max_signed, mask, value, S4L_HERE);
}
inline unsigned __reduce_and_sync(unsigned mask, unsigned value, S4L_SITE) {
  return combined_over_warp<unsigned>(Collective::bit_and, mask, value, S4L_HERE);
}
inline unsigned __reduce_or_sync(unsigned mask, unsigned value, S4L_SITE) {
  return combined_over_warp<unsigned>(Collective::bit_or, mask, value, S4L_HERE);
}
inline unsigned __reduce_xor_sync(unsigned mask, unsigned value, S4L_SITE) {
  return combined_over_warp<unsigned>(Collective::bit_xor, mask, value, S4L_HERE);
}

// --- atomics: real ones, relaxed, so that the race detector takes them and nothing else for synchronised -----------
template <class T>
std::atomic_ref<T> atomically(T* address) {
  note_atomic(address);
  return std::atomic_ref<T>(*address);
}
template <class T>
T atomicAdd(T* address, T value) {
  return atomically(address).fetch_add(value, std::memory_order_relaxed);
}
template <class T>
T atomicSub(T* address, T value) {
  return atomically(address).fetch_sub(value, std::memory_order_relaxed);
}
template <class T>
T atomicExch(T* address, T value) {
  return atomically(address).exchange(value, std::memory_order_relaxed);
}
template <class T>
T atomicCAS(T* address, T expected, T value) {
  atomically(address).compare_exchange_strong(expected, value, std::memory_order_relaxed);
  return expected;
}
template <class T>
T atomicMax(T* address, T value) {
  const auto place_of = atomically(address);
  T old = place_of.load(std::memory_order_relaxed);
  while (old < value && !place_of.compare_exchange_weak(old, value, std::memory_order_relaxed)) {
  }
  return old;
}
template <class T>
T atomicMin(T* address, T value) {
  const auto place_of = atomically(address);
  T old = place_of.load(std::memory_order_relaxed);
  while (value < old && !place_of.compare_exchange_weak(old, value, std::memory_order_relaxed)) {
  }
  return old;
}
/// Counts to `limit` and starts again at 0.
inline unsigned atomicInc(unsigned* address, unsigned limit) {
  const auto place_of = atomically(address);
  unsigned old = place_of.load(std::memory_order_relaxed);
  while (!place_of.compare_exchange_weak(old, old >= limit ? 0 : old + 1, std::memory_order_relaxed)) {
  }
  return old;
}

// --- maths ---------------------------------------------------------------------------------------------------------
// Errors in ulp as the CUDA C++ Programming Guide lists them; PTX's ex2.approx has exp(0) = 1.
inline float approximate_exp(float x) {
  const float y = std::exp(x);
  return x != 0 && y > 0 && std::isfinite(y) ? strayed(y, 2 + static_cast<int>(std::fabs(1.173f * x))) : y;
}
inline float approximate_log(float x) { return strayed(std::log(x), 3); }
inline float rsqrtf(float x) { return strayed(1.0f / std::sqrt(x), 2); }
inline float __fdividef(float a, float b) { return strayed(a / b, 2); }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fadd_rn(float a, float b) { return a + b; }
inline int __float_as_int(float x) { return std::bit_cast<int>(x); }
inline float __int_as_float(int x) { return std::bit_cast<float>(x); }
inline unsigned __float_as_uint(float x) { return std::bit_cast<unsigned>(x); }
inline float __uint_as_float(unsigned x) { return std::bit_cast<float>(x); }
inline int __popc(unsigned x) { return std::popcount(x); }
inline int __clz(int x) { return std::countl_zero(static_cast<unsigned>(x)); }
inline int __ffs(int x) { return x == 0 ? 0 : 1 + std::countr_zero(static_cast<unsigned>(x)); }
inline unsigned __umulhi(unsigned a, unsigned b) {
  return static_cast<unsigned>((static_cast<std::uint64_t>(a) * b) >> 32);
}
template <class T>
T __ldg(const T* address) {
  return *address;
}
using std::max;
using std::min;

// --- what has PTX of its own on the GPU (ptx.cuh) --------------------------------------------------------------------
/// Starts a copy of 16 bytes from global to shared memory. It happens at once or when it is waited for, by a coin: at
/// once only would hide a missing wait, late only a buffer that is filled again too early.
inline void copy16_async(void* to, const void* from) {
  expect_aligned(to, 16);
  expect_aligned(from, 16);
  if (coin() || pending_copies().count == PendingCopies::kMost) {
    *static_cast<uint4*>(to) = *static_cast<const uint4*>(from);
  } else {
    PendingCopies& mine = pending_copies();
    mine.copies[mine.count++] = {to, from, mine.group};
  }
}
/// Ends a group of copies.
inline void commit_copies() { ++pending_copies().group; }
/// Waits for all groups but the last kLeft.
template <int kLeft>
void wait_copies() {
  PendingCopies& mine = pending_copies();
  int kept = 0;
  for (int i = 0; i < mine.count; ++i) {
    const PendingCopy copy = mine.copies[i];
    if (copy.group < mine.group - kLeft)
      *static_cast<uint4*>(copy.to) = *static_cast<const uint4*>(copy.from);
    else
      mine.copies[kept++] = copy;
  }
  mine.count = kept;
}

/// Writes 16 or 8 bytes to global memory in one access; the address is a multiple of that.
template <class Words>
void store_at_once(void* to, Words x) {
  expect_aligned(to, sizeof(x));
  *static_cast<Words*>(to) = x;
}

/// c (16x8, f32) += a (16x16, bf16) b (16x8, bf16) by the lanes of one warp, registers as PTX's mma.m16n8k16 has them.
inline void mma_bf16_16x8x16(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2], S4L_SITE) {
  const TileRegisters registers{c, a, b};
  warp_collective({Collective::tile_product, 0xffffffffu, &registers, nullptr, 0, 0, 32}, S4L_HERE);
}

#undef S4L_HERE
#undef S4L_SITE

}  // namespace s4l::emulated::names

using namespace s4l::emulated::names;
// The C library has functions of these names.
#define __expf(x) approximate_exp(x)
#define __logf(x) approximate_log(x)
