#pragma once
// Squared distances between all rows of a matrix, or within each of equal groups of them. A block of 64 threads works
// on a tile of 32 x 32 pairs; each is summed in the order of the columns, the same from both ends, so ties are exact.
#include "s4l/kernels/cuda/launch.cuh"
#include "s4l/kernels/cuda/number.cuh"

namespace s4l::S4L_KNS {

/// A tile's edge, the columns that are read at a time, and a thread's pairs along each edge.
inline constexpr int kTile = 32, kColumns = 32, kPairs = 4, kEdge = kTile / kPairs;

/// Columns [column, column + kColumns) of rows [first, first + kTile); 0 beyond n rows and `size` columns.
template <class T, class X>
__device__ __forceinline__ void read_tile(const T* rows, std::int64_t first, std::int64_t n, std::int64_t column,
                                          std::int64_t size, X (&tile)[kTile][kColumns + 1]) {
  const int k = static_cast<int>(threadIdx.x) % kColumns;
  for (int row = static_cast<int>(threadIdx.x) / kColumns; row < kTile; row += kEdge * kEdge / kColumns)
    tile[row][k] = first + row < n && column + k < size ? number(rows[(first + row) * size + column + k]) : X{0};
}

template <class T, class X = Number<T>>
__global__ void __launch_bounds__(kEdge* kEdge)
    squared_distance_tiles(const T* x, std::int64_t n, std::int64_t size, X* squared) {
  S4L_SHARED(X, a, [kTile][kColumns + 1]);
  S4L_SHARED(X, b, [kTile][kColumns + 1]);
  const std::int64_t group = static_cast<std::int64_t>(blockIdx.x) * n;  // x: a grid's other sides end at 65,535
  const std::int64_t row = std::int64_t{kTile} * blockIdx.z, other = std::int64_t{kTile} * blockIdx.y;
  const int ty = static_cast<int>(threadIdx.x) / kEdge, tx = static_cast<int>(threadIdx.x) % kEdge;
  X sums[kPairs][kPairs] = {};
  for (std::int64_t column = 0; column < size; column += kColumns) {
    __syncthreads();
    read_tile(x + group * size, row, n, column, size, a);
    read_tile(x + group * size, other, n, column, size, b);
    __syncthreads();
    X part[kPairs][kPairs] = {};  // a sum of sums loses fewer digits
#pragma unroll 4
    for (int k = 0; k < kColumns; ++k)
#pragma unroll
      for (int i = 0; i < kPairs; ++i)
#pragma unroll
        for (int j = 0; j < kPairs; ++j) {
          const X difference = a[ty + kEdge * i][k] - b[tx + kEdge * j][k];
          part[i][j] += difference * difference;
        }
#pragma unroll
    for (int i = 0; i < kPairs; ++i)
#pragma unroll
      for (int j = 0; j < kPairs; ++j) sums[i][j] += part[i][j];
  }
#pragma unroll
  for (int i = 0; i < kPairs; ++i)
#pragma unroll
    for (int j = 0; j < kPairs; ++j)
      if (const std::int64_t r = row + ty + kEdge * i, c = other + tx + kEdge * j; r < n && c < n)
        squared[(group + r) * n + c] = sums[i][j];
}

}  // namespace s4l::S4L_KNS

namespace s4l::cuda {

/// Of x (N, ...), within each of `groups` equal runs of rows: (N, N / groups), computed with as Number<T>.
template <class T>
Tensor squared_distances(const Tensor& x, int groups) {
  using X = S4L_KNS::Number<T>;
  const std::int64_t all = x.shape()[0], n = all / groups, size = all == 0 ? 0 : x.numel() / all;
  const Tensor squared = empty({all, n}, dtype_of<X>::value, x.device());
  if (n == 0) return squared;
  const auto tiles = static_cast<unsigned>((n + S4L_KNS::kTile - 1) / S4L_KNS::kTile);
  S4L_LAUNCH(S4L_KNS::squared_distance_tiles<T>, dim3(static_cast<unsigned>(groups), tiles, tiles),
             S4L_KNS::kEdge * S4L_KNS::kEdge, 0, stream_of(x), x.data<T>(), n, size, squared.data<X>());
  return squared;
}

}  // namespace s4l::cuda
