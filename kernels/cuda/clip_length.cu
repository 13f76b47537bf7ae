// x *= min(1, longest / |x|) in two launches: each block adds up the squares of its share, the one that comes last adds
// up the blocks' and makes the factor; then all of x is multiplied. x is read twice and written once.
#include <cmath>

#include "s4l/core/ops/update.h"
#include "s4l/kernels/cuda/last_block.cuh"
#include "s4l/kernels/cuda/reduce.cuh"

namespace s4l::S4L_KNS {

/// `parts`: one for each block.
template <int N, class T>
__global__ void __launch_bounds__(256)
    clip_factor(const T* x, std::int64_t n, double longest, double* parts, unsigned* arrived, double* factor) {
  double squares = 0;
  for_runs<N>(n, [&](auto lanes, std::int64_t at) {
    T values[lanes.count];
    load(x + at, values);
#pragma unroll
    for (int i = 0; i < lanes.count; ++i) squares += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  });
  squares = block_sum(squares);
  if (threadIdx.x == 0) parts[blockIdx.x] = squares;
  if (!is_last_block(arrived, gridDim.x)) return;
  double sum = 0;
  for (unsigned i = threadIdx.x; i < gridDim.x; i += blockDim.x) sum += parts[i];
  sum = block_sum(sum);
  if (threadIdx.x == 0) *factor = longest / std::sqrt(std::fmax(sum, longest * longest));
}

template <int N, class T>
__global__ void __launch_bounds__(256) times_factor(T* x, std::int64_t n, const double* factor) {
  const T f = static_cast<T>(*factor);
  for_runs<N>(n, [=](auto lanes, std::int64_t at) {
    T values[lanes.count];
    load(x + at, values);
#pragma unroll
    for (int i = 0; i < lanes.count; ++i) values[i] *= f;
    store(values, x + at);
  });
}

}  // namespace s4l::S4L_KNS

namespace s4l::cuda {

using namespace S4L_KNS;

void clip_length(const Tensor& x, double longest) {
  constexpr unsigned kBlocks = 2048;  // parts for one block to add up: no more than keep every processor busy
  const std::int64_t n = x.numel();
  with_float(x.dtype(), [&]<class T>() {
    with_lanes<T>(aligned({x}), [&](auto lanes) {
      const Grid grid = grid_of_runs(n, lanes.count);
      const unsigned blocks = std::min(grid.blocks.x, kBlocks);
      const Tensor sums = empty({blocks + 1}, DType::f64, x.device());  // the factor behind the parts
      auto* const parts = sums.data<double>();
      S4L_LAUNCH((clip_factor<lanes.count, T>), blocks, grid.threads, 0, stream_of(x), x.data<T>(), n, longest, parts,
                 block_counters(x.device(), 1), parts + blocks);
      S4L_LAUNCH((times_factor<lanes.count, T>), grid.blocks, grid.threads, 0, stream_of(x), x.data<T>(), n,
                 parts + blocks);
    });
  });
}

}  // namespace s4l::cuda
