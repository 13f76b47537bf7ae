#pragma once
// The mean of a loss over rows, in an order that depends on the launch alone: each block adds up its rows', one block
// the blocks'.
#include "s4l/kernels/cuda/launch.cuh"
#include "s4l/kernels/cuda/reduce.cuh"

namespace s4l::S4L_KNS {

/// Writes the block's sum of its threads' shares.
__device__ __forceinline__ void write_part(double share, double* parts) {
  const double sum = block_sum(share);
  if (threadIdx.x == 0) parts[blockIdx.x] = sum;
}

/// By one block.
template <class T>
__global__ void add_parts(const double* parts, int n, T* loss) {
  double sum = 0;
  for (int i = static_cast<int>(threadIdx.x); i < n; i += static_cast<int>(blockDim.x)) sum += parts[i];
  sum = block_sum(sum);
  if (threadIdx.x == 0) *loss = rounded<T>(static_cast<Number<T>>(sum));
}

}  // namespace s4l::S4L_KNS

namespace s4l::cuda {

/// Room for what each block of `grid` has to say.
inline Tensor parts_of(const Grid& grid, Device device) { return empty({grid.blocks.x}, DType::f64, device); }

template <class T>
void add_up(const Tensor& parts, const Tensor& loss) {
  const int n = static_cast<int>(parts.numel());
  S4L_LAUNCH(S4L_KNS::add_parts<T>, 1, grid_of_items(n).threads, 0, stream_of(loss), parts.data<double>(), n,
             loss.data<T>());
}

}  // namespace s4l::cuda
