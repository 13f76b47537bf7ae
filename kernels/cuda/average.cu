// average = d average + (1 - d) weight. The step is read on the device: a captured graph sees every step's.
#include "s4l/core/ops/update.h"
#include "s4l/kernels/cuda/launch.cuh"

namespace s4l::S4L_KNS {

template <int N, class T>
__global__ void moving_average(T* average, const T* weight, const float* step, AverageDecay decay, std::int64_t n) {
  const double d = static_cast<double>(*step) < decay.until ? decay.early : decay.decay;
  const auto keep = static_cast<Number<T>>(d), take = static_cast<Number<T>>(1 - d);
  for_runs<N>(n, [=](auto lanes, std::int64_t at) {
    Number<T> values[lanes.count], weights[lanes.count];
    load(average + at, values);
    load(weight + at, weights);
#pragma unroll
    for (int i = 0; i < lanes.count; ++i) values[i] = keep * values[i] + take * weights[i];
    store(values, average + at);
  });
}

}  // namespace s4l::S4L_KNS

namespace s4l::cuda {

using namespace S4L_KNS;

void average(const Tensor& average, const Tensor& weight, const Tensor& step, const AverageDecay& decay) {
  with_float(weight.dtype(), [&]<class T>() {
    with_lanes<T>(aligned({average, weight}), [&](auto lanes) {
      const Grid grid = grid_of_runs(weight.numel(), lanes.count);
      S4L_LAUNCH((moving_average<lanes.count, T>), grid.blocks, grid.threads, 0, stream_of(weight), average.data<T>(),
                 weight.data<T>(), step.data<float>(), decay, weight.numel());
    });
  });
}

}  // namespace s4l::cuda
