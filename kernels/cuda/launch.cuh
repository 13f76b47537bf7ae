#pragma once
// How work becomes blocks of threads.
#include <algorithm>
#include <cstdint>
#include <initializer_list>

#include "s4l/core/device/runtime.h"
#include "s4l/core/tensor.h"
#include "s4l/kernels/cuda/number.cuh"

namespace s4l::S4L_KNS {

/// A number of neighbours as a type, so that it is a constant where it is an argument.
template <int N>
struct Lanes {
  static constexpr int count = N;
};

}  // namespace s4l::S4L_KNS

namespace s4l::cuda {

/// The most that a launch takes; tests lower it, so that few threads do what many do on a GPU.
struct LaunchLimits {
  int threads = 1024;    ///< of a block, a multiple of 32
  int blocks = 1 << 16;  ///< of a grid; its threads go round for the rest
};
inline LaunchLimits launch_limits;

struct Grid {
  dim3 blocks, threads;
};
/// One block for each of `rows` pieces of work, or as many as the limit allows.
inline Grid grid_of_rows(std::int64_t rows, int threads) {
  return {static_cast<unsigned>(std::clamp<std::int64_t>(rows, 1, launch_limits.blocks)),
          static_cast<unsigned>(std::min(threads, launch_limits.threads))};
}
/// One thread for each of n items, or as many as the limit allows.
inline Grid grid_of_items(std::int64_t n, int threads = 256) {
  const int block = std::min(threads, launch_limits.threads);
  return grid_of_rows((n + block - 1) / block, block);
}

/// One thread for each 16 bytes of n numbers: for_runs<lanes>(n).
inline Grid grid_of_runs(std::int64_t n, int lanes) { return grid_of_items((n + lanes - 1) / lanes); }

/// The stream that kernels on x's device run in.
inline void* stream_of(const Tensor& x) { return compute_stream(x.device()).handle(); }

/// x's numbers, or null where it is empty.
template <class T>
T* data_or_null(const Tensor& x) {
  return x ? x.data<T>() : nullptr;
}

/// Whether the numbers of all these tensors, which may be empty, start at multiples of 16 bytes.
inline bool aligned(std::initializer_list<Tensor> tensors) {
  return std::all_of(tensors.begin(), tensors.end(),
                     [](const Tensor& x) { return !x || reinterpret_cast<std::uintptr_t>(x.raw()) % 16 == 0; });
}
/// Whether each of the rows can be read by Pack<T, kVector<T>>: rows of `length` that start at `pointers` (null: none).
template <class T>
bool in_vectors(std::int64_t length, std::initializer_list<const void*> pointers) {
  const auto aligned = [](const void* p) { return reinterpret_cast<std::uintptr_t>(p) % 16 == 0; };
  return length % S4L_KNS::kVector<T> == 0 && std::all_of(pointers.begin(), pointers.end(), aligned);
}
/// The same for the last dimension of x and of others like it, which may be empty.
template <class T>
bool in_vectors(const Tensor& x, std::initializer_list<Tensor> others) {
  return in_vectors<T>(x.shape().last(), {x.raw()}) && aligned(others);
}
/// Calls body(lanes) with 16 bytes of T, or one.
template <class T, class Body>
void with_lanes(bool vectors, const Body& body) {
  if (vectors)
    body(S4L_KNS::Lanes<S4L_KNS::kVector<T>>());
  else
    body(S4L_KNS::Lanes<1>());
}

}  // namespace s4l::cuda

namespace s4l::S4L_KNS {

/// The calling thread's number in the grid, and how many there are.
__device__ __forceinline__ std::int64_t grid_thread() {
  return static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}
__device__ __forceinline__ std::int64_t grid_threads() { return static_cast<std::int64_t>(gridDim.x) * blockDim.x; }

/// The calling thread's share of [0, n): body(lanes, i) for runs [i, i + lanes.count); the count is N, and 1 for the
/// rest.
template <int N, class Body>
__device__ __forceinline__ void for_runs(std::int64_t n, const Body& body) {
  const std::int64_t whole = n / N, first = grid_thread(), step = grid_threads();
  for (std::int64_t i = first; i < whole; i += step) body(Lanes<N>(), N * i);
  if constexpr (N > 1)
    for (std::int64_t i = N * whole + first; i < n; i += step) body(Lanes<1>(), i);
}

}  // namespace s4l::S4L_KNS
