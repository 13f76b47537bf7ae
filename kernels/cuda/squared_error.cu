// loss = (1/n) sum (x - t)^2, gx = (2/n) (x - t), in one launch: the block that comes last adds the blocks' sums.
#include "s4l/core/ops/squared_error.h"

#include "s4l/kernels/cuda/last_block.cuh"
#include "s4l/kernels/cuda/reduce.cuh"

namespace s4l::S4L_KNS {

template <int N, class T>
__global__ void squared_error(const T* x, const T* target, std::int64_t n, T* gx, double* parts, unsigned* arrived,
                              T* loss) {
  double sum = 0;
  for_runs<N>(n, [&](auto lanes, std::int64_t at) {
    Number<T> values[lanes.count], targets[lanes.count];
    load(x + at, values);
    load(target + at, targets);
#pragma unroll
    for (int i = 0; i < lanes.count; ++i) {
      const double difference = static_cast<double>(values[i]) - static_cast<double>(targets[i]);
      sum += difference * difference;
      values[i] = static_cast<Number<T>>(2 / static_cast<double>(n) * difference);
    }
    if (gx != nullptr) store(values, gx + at);
  });
  sum = block_sum(sum);
  if (threadIdx.x == 0) parts[blockIdx.x] = sum;
  if (!is_last_block(arrived, gridDim.x)) return;
  sum = 0;
  for (unsigned i = threadIdx.x; i < gridDim.x; i += blockDim.x) sum += parts[i];
  sum = block_sum(sum);
  if (threadIdx.x == 0) *loss = n == 0 ? T{0} : static_cast<T>(sum / static_cast<double>(n));
}

}  // namespace s4l::S4L_KNS

namespace s4l::cuda {

using namespace S4L_KNS;

void squared_error(const Tensor& x, const Tensor& target, const Tensor& loss, const Tensor& gx) {
  constexpr unsigned kMostSums = 256;
  with_float(x.dtype(), [&]<class T>() {
    with_lanes<T>(aligned({x, target, gx}), [&](auto lanes) {
      const Grid grid = grid_of_runs(x.numel(), lanes.count);
      const unsigned blocks = std::min(grid.blocks.x, kMostSums);
      const Tensor parts = empty({blocks}, DType::f64, x.device());
      S4L_LAUNCH((S4L_KNS::squared_error<lanes.count, T>), dim3(blocks), grid.threads, 0, stream_of(x), x.data<T>(),
                 target.data<T>(), x.numel(), data_or_null<T>(gx), parts.data<double>(), block_counters(x.device(), 1),
                 loss.data<T>());
    });
  });
}

}  // namespace s4l::cuda
