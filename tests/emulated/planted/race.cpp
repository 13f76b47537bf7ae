// What depends on an order that nothing makes: other schedules or ThreadSanitizer find it.
#include "planted/bug.h"

namespace {

constexpr int kThreads = 32, kBlocks = 4;

/// Every block writes the same cell.
__global__ void one_cell(const float* x, float* y) {
  if (threadIdx.x == 0) y[0] = x[blockIdx.x];
}

/// A position that lacks blockIdx: all blocks write the first row.
__global__ void no_block(const float* x, float* y) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  y[threadIdx.x] = x[i];
}

/// A sum by atomics of floats has no order of its own.
__global__ void float_atomics(const float* x, float* y) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  atomicAdd(&y[0], x[i] * 0.1f);
}

__global__ void plain_sum(const float*, float* y) { y[0] += 1; }

/// Blocks that add to one cell, each after a barrier of its own: a barrier orders no other block.
__global__ void plain_sum_of_blocks(const float*, float* y) {
  __syncthreads();
  if (threadIdx.x == 0) y[0] += 1;
}

/// Reads what a neighbour wrote before a shuffle, which orders no memory.
template <bool kSync>
__global__ void after_shuffle(const float* x, float* y) {
  S4L_SHARED(float, row, [kThreads]);
  const int i = static_cast<int>(threadIdx.x);
  row[i] = x[i];
  const float own = __shfl_sync(0xffffffffu, x[i], i);
  if (kSync) __syncwarp();
  y[i] = row[(i + 1) % kThreads] + 0 * own;
}

/// The last block to come sums what all have written. Without fences nothing says that it sees it.
template <bool kFence>
__global__ void last_block(const float* x, float* y, float* parts, unsigned* arrived) {
  S4L_SHARED(unsigned, ticket, [1]);
  if (threadIdx.x == 0) {
    parts[blockIdx.x] = x[blockIdx.x];
    if (kFence) __threadfence();
    ticket[0] = atomicAdd(arrived, 1u);
  }
  __syncthreads();
  if (ticket[0] != gridDim.x - 1 || threadIdx.x != 0) return;
  if (kFence) __threadfence();
  float sum = 0;
  for (unsigned i = 0; i < gridDim.x; ++i) sum += parts[i];
  y[0] = sum;
}

/// The same with all threads' values. Without a barrier the ticket says nothing of what the others have written.
template <bool kBarrier>
__global__ void last_block_of_many(const float* x, float* y, float* parts, unsigned* arrived) {
  S4L_SHARED(unsigned, ticket, [1]);
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  parts[i] = x[i];
  __threadfence();
  if (kBarrier) __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    ticket[0] = atomicAdd(arrived, 1u);
    __threadfence();
  }
  __syncthreads();
  if (ticket[0] != gridDim.x - 1) return;
  float sum = 0;
  for (unsigned block = 0; block < gridDim.x; ++block) sum += parts[block * blockDim.x + threadIdx.x];
  y[threadIdx.x] = sum;
}

template <class Kernel>
std::vector<float> run(Kernel* kernel, unsigned blocks, std::vector<float> start, unsigned threads = kThreads) {
  const Buffer<float> x(counted(kThreads * kBlocks)), y(std::move(start));
  S4L_LAUNCH(kernel, dim3(blocks), dim3(threads), 0, nullptr, x.data(), y.data());
  return y.host();
}

template <class Kernel>
std::vector<float> run_last_block(Kernel* kernel, int results) {
  const Buffer<float> x(counted(results * kBlocks)), y(std::vector<float>(static_cast<std::size_t>(results))),
      parts(static_cast<std::size_t>(results * kBlocks));
  const Buffer<unsigned> arrived(std::vector<unsigned>{0});
  S4L_LAUNCH(kernel, dim3(kBlocks), dim3(kThreads), 0, nullptr, x.data(), y.data(), parts.data(), arrived.data());
  return y.host();
}

std::vector<float> sums_of_blocks() {
  std::vector<float> values;
  for (int i = 0; i < kThreads; ++i) values.push_back(static_cast<float>(kBlocks * i + kThreads * 6));
  return values;
}

std::vector<float> next_ones() {
  std::vector<float> values;
  for (int i = 0; i < kThreads; ++i) values.push_back(static_cast<float>((i + 1) % kThreads));
  return values;
}

}  // namespace

std::vector<Bug> race_bugs() {
  const std::vector<float> zero(kThreads);
  return {
      {"two blocks write one element", "schedules", [=] { return run(one_cell, kBlocks, {0}); }, {}},
      {"forgotten blockIdx", "schedules", [=] { return run(no_block, kBlocks, zero); }, {}},
      {"order of float atomics", "schedules", [=] { return run(float_atomics, kBlocks, {0}); }, {}},
      {"sum without atomics in a block", "thread", [=] { return run(plain_sum, 1, {0}); }, {}},
      {"sum without atomics across blocks after a barrier",
       "thread",
       [=] { return run(plain_sum_of_blocks, kBlocks, {0}); },
       {}},
      {"order taken from a shuffle", "thread", [=] { return run(after_shuffle<false>, 1, zero); }, {}},
      {"last block without fences", "thread", [] { return run_last_block(last_block<false>, 1); }, {}},
      {"last block with fences", "nothing", [] { return run_last_block(last_block<true>, 1); }, {6}},
      {"last block without a barrier before its ticket",
       "thread",
       [] { return run_last_block(last_block_of_many<false>, kThreads); },
       {}},
      {"last block with a barrier before its ticket", "nothing",
       [] { return run_last_block(last_block_of_many<true>, kThreads); }, sums_of_blocks()},
      {"order by __syncwarp after a shuffle", "nothing", [=] { return run(after_shuffle<true>, 1, zero); },
       next_ones()},
  };
}
