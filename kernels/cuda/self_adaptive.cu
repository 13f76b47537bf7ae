// Each block sums the classes of a chunk of rows; the one that comes last has the sums of them all and does the rest,
// in doubles, with the formulas of kernels/cpu/self_adaptive.cpp.
#include "s4l/core/ops/self_adaptive.h"

#include <cmath>

#include "s4l/kernels/cuda/last_block.cuh"
#include "s4l/kernels/cuda/most_probable.cuh"

namespace s4l::S4L_KNS {

/// Probabilities (n, k) and where what is known of them is put down.
template <class T>
struct ClassRows {
  const T* p;
  const std::int32_t* labels;  ///< rows with -1 are left out; null: none are
  std::int64_t n, k, chunk;    ///< chunk: rows of a block
  Largest<T>* best;            ///< (n), its place -1 for rows that are left out
  double* parts;               ///< (blocks, k) sums of a block's rows
  int* histogram;              ///< (k) of the most probable classes
  unsigned* arrived;
};

/// Fills best, parts and histogram. Whether the calling block is the last, and so sees them all.
template <class T>
__device__ __forceinline__ bool sum_classes(const ClassRows<T>& rows) {
  const auto counts = [&](std::int64_t row) { return rows.labels == nullptr || rows.labels[row] >= 0; };
  for_rows_of_warps(rows.n, [&](std::int64_t row) {
    Largest<T> best = most_probable(rows.p + row * rows.k, rows.k);
    if (!counts(row)) best.place = -1;
    if (threadIdx.x % kWarp == 0) rows.best[row] = best;
  });
  const std::int64_t first = blockIdx.x * rows.chunk, last = first + rows.chunk;
  for (std::int64_t c = threadIdx.x; c < rows.k; c += blockDim.x) {
    double sum = 0;
    for (std::int64_t row = first; row < last && row < rows.n; ++row)
      if (counts(row)) sum += static_cast<double>(rows.p[row * rows.k + c]);
    rows.parts[blockIdx.x * rows.k + c] = sum;
  }
  if (!is_last_block(rows.arrived, gridDim.x)) return false;
  for (std::int64_t c = threadIdx.x; c < rows.k; c += blockDim.x) rows.histogram[c] = 0;
  __syncthreads();
  for (std::int64_t row = threadIdx.x; row < rows.n; row += blockDim.x)
    if (rows.best[row].place >= 0) atomicAdd(&rows.histogram[rows.best[row].place], 1);
  __syncthreads();
  return true;
}
template <class T>
__device__ __forceinline__ double sum_of_class(const ClassRows<T>& rows, std::int64_t c) {
  double sum = 0;
  for (unsigned block = 0; block < gridDim.x; ++block) sum += rows.parts[block * rows.k + c];
  return sum;
}

__global__ void follow_rows(ClassRows<float> rows, double decay, const float* global, const float* probability,
                            const float* histogram, float* next_global, float* next_probability,
                            float* next_histogram) {
  if (!sum_classes(rows)) return;
  const auto n = static_cast<double>(rows.n);
  const auto followed = [=](float before, double batch) {
    return static_cast<float>(decay * static_cast<double>(before) + (1 - decay) * (batch / n));
  };
  double largest = 0;
  for (std::int64_t row = threadIdx.x; row < rows.n; row += blockDim.x)
    largest += static_cast<double>(rows.best[row].value);
  largest = block_sum(largest);
  if (threadIdx.x == 0) *next_global = followed(*global, largest);
  for (std::int64_t c = threadIdx.x; c < rows.k; c += blockDim.x) {
    next_probability[c] = followed(probability[c], sum_of_class(rows, c));
    next_histogram[c] = followed(histogram[c], rows.histogram[c]);
  }
}

__global__ void thresholds_of_confidence(const float* global, const float* probability, std::int64_t k,
                                         float* thresholds) {
  float most = -INFINITY;
  for (std::int64_t c = threadIdx.x; c < k; c += blockDim.x) most = std::fmax(most, probability[c]);
  most = block_max(most);
  for (std::int64_t c = threadIdx.x; c < k; c += blockDim.x) thresholds[c] = *global * probability[c] / most;
}

__device__ __forceinline__ double inverse(double x) { return x > 0 ? 1 / x : 0; }

/// m and slope are (k); slope becomes d loss / dp of a labelled row's class.
template <class T>
__global__ void fairness_of_rows(ClassRows<T> rows, const T* probability, const T* histogram, double* m, double* slope,
                                 T* loss) {
  constexpr double kTiny = 1e-12;  // under the logarithm
  if (!sum_classes(rows)) return;
  int labelled = 0;
  for (std::int64_t row = threadIdx.x; row < rows.n; row += blockDim.x) labelled += rows.best[row].place >= 0;
  labelled = block_sum(labelled);
  const auto scale = [&](std::int64_t c) { return inverse(rows.histogram[c] / static_cast<double>(max(1, labelled))); };
  const auto wanted = [=](std::int64_t c) {
    return static_cast<double>(probability[c]) * inverse(static_cast<double>(histogram[c]));
  };
  double sums[2] = {};
  for (std::int64_t c = threadIdx.x; c < rows.k; c += blockDim.x) {
    m[c] = sum_of_class(rows, c) * scale(c);
    sums[0] += m[c];
    sums[1] += wanted(c);
  }
  block_reduce<Plus>(sums);
  double total = 0, mean_slope = 0;
  for (std::int64_t c = threadIdx.x; labelled > 0 && c < rows.k; c += blockDim.x) {
    const double share = m[c] / sums[0], a = wanted(c) * inverse(sums[1]);
    total += a * std::log(share + kTiny);
    slope[c] = a / (share + kTiny);
    mean_slope += slope[c] * share;
  }
  double both[2] = {total, mean_slope};
  block_reduce<Plus>(both);
  if (threadIdx.x == 0) *loss = static_cast<T>(both[0]);
  for (std::int64_t c = threadIdx.x; labelled > 0 && c < rows.k; c += blockDim.x)
    slope[c] = scale(c) * (slope[c] - both[1]) / sums[0];
}

template <class T>
__global__ void fairness_gradient(const std::int32_t* labels, const double* slope, std::int64_t n, std::int64_t k,
                                  T* gp) {
  for_runs<1>(n * k, [=](auto, std::int64_t i) { gp[i] = labels[i / k] < 0 ? T{0} : static_cast<T>(slope[i % k]); });
}

}  // namespace s4l::S4L_KNS

namespace s4l::cuda {
namespace {

using namespace S4L_KNS;

constexpr int kThreads = 256;

/// Memory for the sums of p's rows, and the blocks that make them.
template <class T>
struct ClassSums {
  Grid grid;
  Tensor best, parts, histogram;
  ClassRows<T> rows;

  ClassSums(const Tensor& p, const Tensor& labels) {
    constexpr std::int64_t kRows = 32;
    const std::int64_t n = p.shape()[0], k = p.shape()[1];
    grid = grid_of_rows(std::min<std::int64_t>((n + kRows - 1) / kRows, 128), kThreads);
    const std::int64_t blocks = grid.blocks.x;
    best = empty({n * static_cast<std::int64_t>(sizeof(Largest<T>))}, DType::u8, p.device());
    parts = empty({blocks, k}, DType::f64, p.device());
    histogram = empty({k}, DType::i32, p.device());
    rows = {p.data<T>(),
            data_or_null<std::int32_t>(labels),
            n,
            k,
            (n + blocks - 1) / blocks,
            static_cast<Largest<T>*>(best.raw()),
            parts.data<double>(),
            histogram.data<std::int32_t>(),
            block_counters(p.device(), 1)};
  }
};

}  // namespace

void follow_confidence(const Tensor& q, double decay, const Tensor& global, const Tensor& probability,
                       const Tensor& histogram, const Tensor& next_global, const Tensor& next_probability,
                       const Tensor& next_histogram) {
  const ClassSums<float> sums(q, {});
  S4L_LAUNCH(follow_rows, sums.grid.blocks, sums.grid.threads, 0, stream_of(q), sums.rows, decay, global.data<float>(),
             probability.data<float>(), histogram.data<float>(), next_global.data<float>(),
             next_probability.data<float>(), next_histogram.data<float>());
}

void self_adaptive_thresholds(const Tensor& global, const Tensor& probability, const Tensor& thresholds) {
  const Grid grid = grid_of_rows(1, kThreads);
  S4L_LAUNCH(thresholds_of_confidence, grid.blocks, grid.threads, 0, stream_of(global), global.data<float>(),
             probability.data<float>(), probability.numel(), thresholds.data<float>());
}

void fairness(const Tensor& p, const Tensor& labels, const Tensor& probability, const Tensor& histogram,
              const Tensor& loss, const Tensor& gp) {
  with_float(p.dtype(), [&]<class T>() {
    const ClassSums<T> sums(p, labels);
    const Tensor slopes = empty({2, p.shape()[1]}, DType::f64, p.device());
    double *m = slopes.data<double>(), *slope = m + p.shape()[1];
    S4L_LAUNCH(fairness_of_rows<T>, sums.grid.blocks, sums.grid.threads, 0, stream_of(p), sums.rows,
               probability.data<T>(), histogram.data<T>(), m, slope, loss.data<T>());
    if (!gp) return;
    const Grid grid = grid_of_items(p.numel());
    S4L_LAUNCH(fairness_gradient<T>, grid.blocks, grid.threads, 0, stream_of(p), labels.data<std::int32_t>(), slope,
               p.shape()[0], p.shape()[1], gp.data<T>());
  });
}

}  // namespace s4l::cuda
