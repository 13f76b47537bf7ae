// Warp collectives.
#include "planted/bug.h"

namespace {

constexpr int kThreads = 64;
constexpr unsigned kAll = 0xffffffffu;

template <bool kSync>
__global__ void neighbour(const float* x, float* y) {
  S4L_SHARED(float, row, [kThreads]);
  const int i = static_cast<int>(threadIdx.x), first = i / 32 * 32;
  row[i] = x[i];
  if (kSync) __syncwarp();
  y[i] = row[first + (i + 1) % 32];
}

__global__ void shuffle_in_branch(const float* x, float* y) {
  const int i = static_cast<int>(threadIdx.x);
  float value = x[i];
  if (i % 2 == 0) value = __shfl_xor_sync(kAll, value, 1);
  y[i] = value;
}

__global__ void sum_of_warp(const float* x, float* y) {
  const int i = static_cast<int>(threadIdx.x);
  float value = x[i];
  for (int step = 16; step > 0; step /= 2) value += __shfl_down_sync(kAll, value, static_cast<unsigned>(step));
  y[i] = __shfl_sync(kAll, value, 0);
}

__global__ void not_in_mask(const float* x, float* y) {
  const int i = static_cast<int>(threadIdx.x);
  y[i] = __shfl_sync(0xfffffffeu, x[i], 1);
}

__global__ void different_operations(const float* x, float* y) {
  const int i = static_cast<int>(threadIdx.x);
  y[i] = i % 2 == 0 ? __shfl_xor_sync(kAll, x[i], 1) : static_cast<float>(__ballot_sync(kAll, 1));
}

/// Halves a tree of sums in shared memory, with the warp's own barrier between the levels.
__global__ void tree(const float* x, float* y) {
  S4L_SHARED(float, row, [kThreads]);
  const int i = static_cast<int>(threadIdx.x), lane = i % 32;
  row[i] = x[i];
  for (int step = 16; step > 0; step /= 2) {
    __syncwarp();
    if (lane < step) row[i] += row[i + step];
  }
  __syncwarp();
  y[i] = row[i - lane];
}

template <class Kernel>
std::vector<float> run(Kernel* kernel, int threads) {
  const Buffer<float> x(counted(threads)), y(static_cast<std::size_t>(threads));
  S4L_LAUNCH(kernel, dim3(1), dim3(static_cast<unsigned>(threads)), 0, nullptr, x.data(), y.data());
  return y.host();
}

std::vector<float> next_ones() {
  std::vector<float> values;
  for (int i = 0; i < kThreads; ++i) values.push_back(static_cast<float>(i / 32 * 32 + (i + 1) % 32));
  return values;
}

std::vector<float> sums() {
  std::vector<float> values(32, 496);
  values.resize(kThreads, 1520);
  return values;
}

}  // namespace

std::vector<Bug> warp_bugs() {
  return {
      {"missing __syncwarp", "natural", [] { return run(neighbour<false>, kThreads); }, next_ones()},
      {"full-mask shuffle in a branch", "natural", [] { return run(shuffle_in_branch, kThreads); }, counted(kThreads)},
      {"shuffle in a partial warp", "natural", [] { return run(sum_of_warp, 40); }, sums()},
      {"lane not in its mask", "natural", [] { return run(not_in_mask, kThreads); }, counted(kThreads)},
      {"two operations in one mask", "natural", [] { return run(different_operations, kThreads); }, counted(kThreads)},
      {"a warp's neighbours", "nothing", [] { return run(neighbour<true>, kThreads); }, next_ones()},
      {"a warp's sum", "nothing", [] { return run(sum_of_warp, kThreads); }, sums()},
      {"a warp's tree in shared memory", "nothing", [] { return run(tree, kThreads); }, sums()},
  };
}
