// Barriers and shared memory.
#include "planted/bug.h"
#include "s4l/kernels/cuda/shared_memory.h"

namespace {

constexpr int kThreads = 64;

/// y[i] = x[n - 1 - i] through shared memory.
template <bool kBarrier>
__global__ void reverse(const float* x, float* y) {
  S4L_SHARED(float, row, [kThreads]);
  const int i = static_cast<int>(threadIdx.x);
  row[i] = x[i];
  if (kBarrier) __syncthreads();
  y[i] = row[kThreads - 1 - i];
}

/// Each round turns the row by one; without the second barrier a fast thread overwrites what a slow one still reads.
template <bool kBarrier>
__global__ void turn(const float* x, float* y) {
  S4L_SHARED(float, row, [kThreads]);
  const int i = static_cast<int>(threadIdx.x);
  row[i] = x[i];
  __syncthreads();
  for (int round = 0; round < 3; ++round) {
    const float next = row[(i + 1) % kThreads];
    if (kBarrier) __syncthreads();
    row[i] = next;
    __syncthreads();
  }
  y[i] = row[i];
}

__global__ void uninitialised(const float* x, float* y) {
  S4L_SHARED(float, row, [kThreads]);
  const int i = static_cast<int>(threadIdx.x);
  if (i > 0) row[i] = x[i];
  __syncthreads();
  y[i] = row[i];
}

__global__ void early_return(const float* x, float* y) {
  S4L_SHARED(float, row, [kThreads]);
  const int i = static_cast<int>(threadIdx.x);
  if (i >= kThreads - 2) return;
  row[i] = x[i];
  __syncthreads();
  y[i] = row[i];
}

__global__ void two_sites(const float* x, float* y) {
  const int i = static_cast<int>(threadIdx.x);
  if (i < 32) {
    __syncthreads();
    y[i] = x[i];
  } else {
    y[i] = x[i];
    __syncthreads();
  }
}

__global__ void skipped_by_some(const float* x, float* y) {
  const int i = static_cast<int>(threadIdx.x);
  if (i != 5) __syncthreads();
  y[i] = x[i];
}

__global__ void too_much_shared(const float* x, float* y) {
  S4L_SHARED(float, big, [13000]);
  const int i = static_cast<int>(threadIdx.x);
  big[i] = x[i];
  y[i] = big[i];
}

__global__ void no_dynamic(const float* x, float* y) {
  S4L_DYN_SHARED(float, row);
  const int i = static_cast<int>(threadIdx.x);
  row[i] = x[i];
  y[i] = row[i];
}

/// 8 KiB of static shared memory beside the dynamic.
__global__ void both_kinds(const float* x, float* y) {
  S4L_SHARED(float, fixed, [2048]);
  S4L_DYN_SHARED(float, row);
  const int i = static_cast<int>(threadIdx.x);
  row[i] = x[i];
  fixed[i] = row[i];
  y[i] = fixed[i];
}

/// Sums of two rows through one buffer: thread 0 of a slow warp may still read the first sum when the second is
/// written.
template <bool kBarrier>
__global__ void two_sums(const float* x, float* y) {
  S4L_SHARED(float, sum, [2]);
  const int i = static_cast<int>(threadIdx.x), warp = i / 32;
  for (int row = 0; row < 2; ++row) {
    float value = x[row * kThreads + i];
    for (int step = 16; step > 0; step /= 2) value += __shfl_xor_sync(0xffffffffu, value, step);
    if (i % 32 == 0) sum[warp] = value;
    __syncthreads();
    y[row * kThreads + i] = sum[0] + sum[1];
    if (kBarrier) __syncthreads();
  }
}

template <class Kernel>
std::vector<float> run(Kernel* kernel, int n, unsigned threads = kThreads, std::size_t dynamic = 0) {
  const Buffer<float> x(counted(n)), y(static_cast<std::size_t>(n));
  S4L_LAUNCH(kernel, dim3(1), dim3(threads), dynamic, nullptr, x.data(), y.data());
  return y.host();
}

std::vector<float> run_both_kinds(std::size_t dynamic, bool allowed) {
  if (allowed) s4l::cuda::allow_shared_memory(both_kinds, dynamic);
  return run(both_kinds, kThreads, kThreads, dynamic);
}

std::vector<float> reversed_row() {
  std::vector<float> values = counted(kThreads);
  return {values.rbegin(), values.rend()};
}

std::vector<float> turned_row() {
  std::vector<float> values;
  for (int i = 0; i < kThreads; ++i) values.push_back(static_cast<float>((i + 3) % kThreads));
  return values;
}

std::vector<float> sums() {
  std::vector<float> values(kThreads, 2016);
  values.resize(2 * kThreads, 6112);
  return values;
}

}  // namespace

std::vector<Bug> block_bugs() {
  const std::vector<float> row = counted(kThreads);
  return {
      {"missing barrier, read after write", "natural", [] { return run(reverse<false>, kThreads); }, reversed_row()},
      {"missing barrier, write after read", "natural", [] { return run(turn<false>, kThreads); }, turned_row()},
      {"uninitialised shared memory", "natural", [] { return run(uninitialised, kThreads); }, row},
      {"return before a barrier", "natural", [] { return run(early_return, kThreads); }, row},
      {"barrier at two places", "natural", [] { return run(two_sites, kThreads); }, row},
      {"barrier skipped by some", "natural", [] { return run(skipped_by_some, kThreads); }, row},
      {"block of more than 1024 threads", "natural", [] { return run(reverse<true>, kThreads, 1025); }, row},
      {"static shared memory over the limit", "natural", [] { return run(too_much_shared, kThreads); }, row},
      {"dynamic shared memory over the limit", "natural",
       [] { return run(no_dynamic, kThreads, kThreads, 228 * 1024); }, row},
      {"more dynamic shared memory than was allowed", "executor",
       [] { return run(no_dynamic, kThreads, kThreads, 49 * 1024); }, row},
      {"static and dynamic shared memory over what was allowed", "executor",
       [] { return run_both_kinds(44 * 1024, false); }, row},
      {"static and dynamic shared memory over the limit", "executor", [] { return run_both_kinds(222 * 1024, true); },
       row},
      {"dynamic shared memory that was not asked for", "natural", [] { return run(no_dynamic, kThreads); }, row},
      {"reduction buffer used again too early", "schedules", [] { return run(two_sums<false>, 2 * kThreads); }, sums()},
      {"a row reversed", "nothing", [] { return run(reverse<true>, kThreads); }, reversed_row()},
      {"a row turned", "nothing", [] { return run(turn<true>, kThreads); }, turned_row()},
      {"a reduction buffer used twice", "nothing", [] { return run(two_sums<true>, 2 * kThreads); }, sums()},
      {"dynamic shared memory", "nothing", [] { return run(no_dynamic, kThreads, kThreads, 256); }, row},
      {"static and dynamic shared memory", "nothing", [] { return run_both_kinds(40 * 1024, false); }, row},
      {"all of a block's shared memory", "nothing", [] { return run_both_kinds(219 * 1024, true); }, row},
  };
}
