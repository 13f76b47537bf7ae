// gradient /= scale, and whether all of it is finite, in one launch: the block that comes last sees what the others
// found and sets the scale of the next step.
#include "s4l/core/ops/loss_scale.h"

#include "s4l/kernels/cuda/last_block.cuh"

namespace s4l::S4L_KNS {

template <int N, class T>
__global__ void __launch_bounds__(256)
    unscale(T* gradient, std::int64_t n, LossScaling scaling, int* finite_parts, unsigned* arrived, float* state) {
  const T inverse = 1 / static_cast<T>(state[0]);
  int finite = 1;
  for_runs<N>(n, [&](auto lanes, std::int64_t at) {
    T g[lanes.count];
    load(gradient + at, g);
#pragma unroll
    for (int i = 0; i < lanes.count; ++i) {
      g[i] *= inverse;
      finite &= static_cast<int>(g[i] - g[i] == 0);
    }
    store(g, gradient + at);
  });
  finite = __syncthreads_and(finite);
  if (threadIdx.x == 0) finite_parts[blockIdx.x] = finite;
  if (!is_last_block(arrived, gridDim.x)) return;
  for (unsigned i = threadIdx.x; i < gridDim.x; i += blockDim.x) finite &= finite_parts[i];
  finite = __syncthreads_and(finite);
  if (threadIdx.x != 0) return;
  const float steps = finite != 0 ? state[1] + 1 : 0;
  const bool grows = steps >= static_cast<float>(scaling.interval);
  const double factor = finite == 0 ? scaling.backoff : grows ? scaling.growth : 1;
  state[0] = static_cast<float>(std::fmin(std::fmax(state[0] * factor, scaling.smallest), scaling.largest));
  state[1] = grows ? 0 : steps;
  state[2] = static_cast<float>(finite);
}

}  // namespace s4l::S4L_KNS

namespace s4l::cuda {

using namespace S4L_KNS;

void unscale(const Tensor& gradient, const Tensor& state, const LossScaling& scaling) {
  with_float(gradient.dtype(), [&]<class T>() {
    with_lanes<T>(aligned({gradient}), [&](auto lanes) {
      const Grid grid = grid_of_runs(gradient.numel(), lanes.count);
      const Tensor parts = empty({grid.blocks.x}, DType::i32, gradient.device());
      S4L_LAUNCH((S4L_KNS::unscale<lanes.count, T>), grid.blocks, grid.threads, 0, stream_of(gradient),
                 gradient.data<T>(), gradient.numel(), scaling, parts.data<std::int32_t>(),
                 block_counters(gradient.device(), 1), state.data<float>());
    });
  });
}

}  // namespace s4l::cuda
