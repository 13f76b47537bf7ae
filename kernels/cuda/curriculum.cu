// Counts are whole numbers, so atomics add them to the same sum in any order. Where a picture comes more than once in a
// batch its last confident row counts: rows leave their number in `seen`, and the largest stays.
#include "s4l/core/ops/curriculum.h"

#include "s4l/kernels/cuda/last_block.cuh"
#include "s4l/kernels/cuda/most_probable.cuh"

namespace s4l::S4L_KNS {

struct LargerCount {
  __device__ __forceinline__ static std::int64_t of(std::int64_t a, std::int64_t b) { return a > b ? a : b; }
  template <class T>
  __device__ __forceinline__ static T nothing() {
    return 0;
  }
};

__global__ void thresholds_of_counts(const std::int64_t* counts, std::int64_t k, std::int64_t pictures, double tau,
                                     bool warm_up, float* thresholds) {
  std::int64_t most = 0, sum = 0;
  for (std::int64_t c = threadIdx.x; c < k; c += blockDim.x) {
    most = LargerCount::of(most, counts[c]);
    sum += counts[c];
  }
  most = block_reduce<LargerCount>(most);
  sum = block_sum(sum);
  if (warm_up) most = LargerCount::of(most, pictures - sum);
  for (std::int64_t c = threadIdx.x; c < k; c += blockDim.x) {
    const double beta = most > 0 ? static_cast<double>(counts[c]) / static_cast<double>(most) : 0;
    thresholds[c] = static_cast<float>(beta / (2 - beta) * tau);
  }
}

/// What is known of a row: its class, -1 where that is not confident; then what its picture was seen as before.
struct NotedRow {
  std::int32_t label, before;
};

/// What stands in `seen` while rows find out who is last: less than any label.
__device__ __forceinline__ std::int32_t mark_of(std::int64_t row) { return -2 - static_cast<std::int32_t>(row); }

__global__ void note_rows(const float* q, const std::int64_t* index, std::int64_t n, std::int64_t k, double tau,
                          NotedRow* rows, unsigned* arrived, std::int32_t* seen, unsigned long long* counts) {
  for_rows_of_warps(n, [=](std::int64_t row) {
    const Largest<float> best = most_probable(q + row * k, k);
    const bool confident = !(static_cast<double>(best.value) <= tau);
    if (threadIdx.x % kWarp == 0) rows[row] = {confident ? best.place : -1, seen[index[row]]};
  });
  if (!is_last_block(arrived, gridDim.x)) return;
  for (std::int64_t row = threadIdx.x; row < n; row += blockDim.x)
    if (rows[row].label >= 0) atomicMin(&seen[index[row]], mark_of(row));
  __syncthreads();
  for (std::int64_t row = threadIdx.x; row < n; row += blockDim.x)
    if (rows[row].label >= 0 && seen[index[row]] != mark_of(row)) rows[row].label = -1;
  __syncthreads();
  for (std::int64_t row = threadIdx.x; row < n; row += blockDim.x) {
    const NotedRow noted = rows[row];
    if (noted.label < 0) continue;
    seen[index[row]] = noted.label;
    if (noted.before >= 0) atomicAdd(&counts[noted.before], ~0ull);  // minus one
    atomicAdd(&counts[noted.label], 1ull);
  }
}

}  // namespace s4l::S4L_KNS

namespace s4l::cuda {

using namespace S4L_KNS;

void curriculum_thresholds(const Tensor& counts, std::int64_t pictures, double tau, bool warm_up,
                           const Tensor& thresholds) {
  const Grid grid = grid_of_rows(1, 256);
  S4L_LAUNCH(thresholds_of_counts, grid.blocks, grid.threads, 0, stream_of(counts), counts.data<std::int64_t>(),
             counts.numel(), pictures, tau, warm_up, thresholds.data<float>());
}

void note_confident(const Tensor& seen, const Tensor& counts, const Tensor& q, const Tensor& index, double tau) {
  const std::int64_t n = q.shape()[0];
  const Tensor rows = empty({n, 2}, DType::i32, q.device());
  const Grid grid = grid_of_items(kWarp * n);
  S4L_LAUNCH(note_rows, grid.blocks, grid.threads, 0, stream_of(q), q.data<float>(), index.data<std::int64_t>(), n,
             q.shape()[1], tau, static_cast<NotedRow*>(rows.raw()), block_counters(q.device(), 1),
             seen.data<std::int32_t>(), static_cast<unsigned long long*>(counts.raw()));
}

}  // namespace s4l::cuda
