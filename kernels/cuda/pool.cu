// A thread has V neighbouring channels of a picture's pixels, which are the rows of a group (channel_tiles.cuh).
// Backward gathers, per input pixel, from the windows that hold it: no two threads add to one place.
#include "s4l/core/ops/pool.h"

#include <cmath>

#include "s4l/kernels/cuda/channel_tiles.cuh"

namespace s4l::S4L_KNS {

/// Sides of the pictures in and out.
struct PoolShape {
  int in_rows, in_columns, out_rows, out_columns;
};

/// The calling thread's pixels of all its tasks: body(picture, pixel, channel).
template <int V, class Body>
__device__ __forceinline__ void for_pixels(const ChannelTiles& tiles, const Body& body) {
  for (int task = static_cast<int>(blockIdx.x); task < tiles.tasks(); task += static_cast<int>(gridDim.x)) {
    const TilePart<V> part(tiles, task);
    const std::int64_t first = part.group * tiles.group_rows;
    for (std::int64_t row = part.begin; part.works && row < part.end; row += tiles.height)
      body(part.group, static_cast<int>(row - first), part.channel);
  }
}

template <int V, class T>
__global__ void max_pool(ChannelTiles tiles, const T* x, MaxPoolOptions o, PoolShape shape, T* y,
                         std::uint8_t* argmax) {
  for_pixels<V>(tiles, [=](std::int64_t picture, int pixel, int channel) {
    const int top = pixel / shape.out_columns * o.stride - o.padding;
    const int left = pixel % shape.out_columns * o.stride - o.padding;
    const auto nobody = static_cast<std::uint8_t>(o.kernel * o.kernel);
    Number<T> best[V];
    Pack<std::uint8_t, V> winner;
#pragma unroll
    for (int i = 0; i < V; ++i) {
      best[i] = static_cast<Number<T>>(-INFINITY);
      winner.at[i] = nobody;
    }
    for (int place = 0; place < o.kernel * o.kernel; ++place) {
      const int row = top + place / o.kernel, column = left + place % o.kernel;
      const bool inside = 0 <= row && row < shape.in_rows && 0 <= column && column < shape.in_columns;
      if (!inside && !o.zero_padding) continue;
      Number<T> value[V] = {};
      if (inside)
        load(x + ((picture * shape.in_rows + row) * shape.in_columns + column) * tiles.channels + channel, value);
#pragma unroll
      for (int i = 0; i < V; ++i)
        if (!(value[i] <= best[i]) && best[i] == best[i]) {  // a NaN wins, and stays
          best[i] = value[i];
          winner.at[i] = inside ? static_cast<std::uint8_t>(place) : nobody;
        }
    }
    const std::int64_t to = (picture * tiles.group_rows + pixel) * tiles.channels + channel;
    store(best, y + to);
    store_pack<V>(winner, argmax + to);
  });
}

/// The windows [first, last] along one side that hold place `at`.
struct Windows {
  int first, last;
  __device__ __forceinline__ Windows(int at, int count, const MaxPoolOptions& o) {
    const int beyond = at + o.padding - o.kernel;
    first = beyond < 0 ? 0 : beyond / o.stride + 1;
    last = min(count - 1, (at + o.padding) / o.stride);
  }
};

template <int V, class T>
__global__ void max_pool_gradient(ChannelTiles tiles, const T* gy, const std::uint8_t* argmax, MaxPoolOptions o,
                                  PoolShape shape, T* gx) {
  for_pixels<V>(tiles, [=](std::int64_t picture, int pixel, int channel) {
    const int row = pixel / shape.in_columns, column = pixel % shape.in_columns;
    const Windows down(row, shape.out_rows, o), across(column, shape.out_columns, o);
    Number<T> sum[V] = {};
    for (int i = down.first; i <= down.last; ++i)
      for (int j = across.first; j <= across.last; ++j) {
        const std::int64_t at = ((picture * shape.out_rows + i) * shape.out_columns + j) * tiles.channels + channel;
        const int place = (row + o.padding - i * o.stride) * o.kernel + column + o.padding - j * o.stride;
        const Pack<std::uint8_t, V> winner = load_pack<V>(argmax + at);
        Number<T> g[V];
        load(gy + at, g);
#pragma unroll
        for (int k = 0; k < V; ++k) sum[k] += winner.at[k] == place ? g[k] : 0;
      }
    store(sum, gx + (picture * tiles.group_rows + pixel) * tiles.channels + channel);
  });
}

/// A picture's strip of channels is one block's: `tiles` has one chunk.
template <int V, class T>
__global__ void pixel_means(ChannelTiles tiles, const T* x, T* y) {
  for (int task = static_cast<int>(blockIdx.x); task < tiles.tasks(); task += static_cast<int>(gridDim.x)) {
    const TilePart<V> part(tiles, task);
    Number<T> sum[V] = {};
    if (part.works)
      for_rows<4>(tiles, part, [&](auto rows_now, std::int64_t at, std::int64_t step) {
        Pack<T, V> packs[rows_now.count];
        load_rows(x + at, step, packs);
#pragma unroll
        for (int r = 0; r < rows_now.count; ++r)
#pragma unroll
          for (int i = 0; i < V; ++i) sum[i] += number(packs[r].at[i]);
      });
    double values[V];
#pragma unroll
    for (int i = 0; i < V; ++i) values[i] = static_cast<double>(sum[i]);
    add_rows_of_threads(tiles.width, tiles.height, values);
    if (part.row != 0 || !part.works) continue;
#pragma unroll
    for (int i = 0; i < V; ++i) sum[i] = static_cast<Number<T>>(values[i] / static_cast<double>(tiles.group_rows));
    store(sum, y + static_cast<std::int64_t>(part.group) * tiles.channels + part.channel);
  }
}

template <int V, class T>
__global__ void spread_over_pixels(ChannelTiles tiles, const T* gy, T* gx) {
  const Number<T> share = 1 / static_cast<Number<T>>(tiles.group_rows);
  for (int task = static_cast<int>(blockIdx.x); task < tiles.tasks(); task += static_cast<int>(gridDim.x)) {
    const TilePart<V> part(tiles, task);
    if (!part.works) continue;
    Number<T> g[V];
    load(gy + static_cast<std::int64_t>(part.group) * tiles.channels + part.channel, g);
#pragma unroll
    for (int i = 0; i < V; ++i) g[i] *= share;
    for_rows<4>(tiles, part, [&](auto rows_now, std::int64_t at, std::int64_t step) {
#pragma unroll
      for (int r = 0; r < rows_now.count; ++r) store(g, gx + at + r * step);
    });
  }
}

}  // namespace s4l::S4L_KNS

namespace s4l::cuda {
namespace {

using namespace S4L_KNS;

constexpr int kThreads = 256;
constexpr std::int64_t kMostBlocks = 1 << 20;

PoolShape pool_shape(const Shape& in, const Shape& out) {
  return {static_cast<int>(in[1]), static_cast<int>(in[2]), static_cast<int>(out[1]), static_cast<int>(out[2])};
}

/// Calls body(lanes, tiles, grid) for the pixels of `pictures`, whose channels the others have too.
template <class T, class Body>
void with_pixels(const Tensor& pictures, std::initializer_list<Tensor> others, std::int64_t most_blocks,
                 const Body& body) {
  if (pictures.numel() == 0) return;
  with_lanes<T>(in_vectors<T>(pictures, others), [&](auto lanes) {
    const ChannelTiles tiles =
        channel_tiles(pictures, static_cast<int>(pictures.shape()[0]), lanes.count, kThreads, most_blocks);
    body(lanes, tiles, grid_of_rows(tiles.tasks(), kThreads));
  });
}

}  // namespace

void max_pool2d(const Tensor& x, const MaxPoolOptions& options, const Tensor& y, const Tensor& argmax) {
  with_any_float(x.dtype(), [&]<class T>() {
    with_pixels<T>(y, {x, argmax}, kMostBlocks, [&](auto lanes, const ChannelTiles& tiles, const Grid& grid) {
      S4L_LAUNCH((max_pool<lanes.count, T>), grid.blocks, grid.threads, 0, stream_of(x), tiles, x.data<T>(), options,
                 pool_shape(x.shape(), y.shape()), y.data<T>(), argmax.data<std::uint8_t>());
    });
  });
}

void max_pool2d_backward(const Tensor& gy, const Tensor& argmax, const MaxPoolOptions& options, const Tensor& gx) {
  with_any_float(gy.dtype(), [&]<class T>() {
    with_pixels<T>(gx, {gy, argmax}, kMostBlocks, [&](auto lanes, const ChannelTiles& tiles, const Grid& grid) {
      S4L_LAUNCH((max_pool_gradient<lanes.count, T>), grid.blocks, grid.threads, 0, stream_of(gy), tiles, gy.data<T>(),
                 argmax.data<std::uint8_t>(), options, pool_shape(gx.shape(), gy.shape()), gx.data<T>());
    });
  });
}

void global_avg_pool(const Tensor& x, const Tensor& y) {
  with_any_float(x.dtype(), [&]<class T>() {
    with_pixels<T>(x, {y}, 1, [&](auto lanes, const ChannelTiles& tiles, const Grid& grid) {
      S4L_LAUNCH((pixel_means<lanes.count, T>), grid.blocks, grid.threads, 0, stream_of(x), tiles, x.data<T>(),
                 y.data<T>());
    });
  });
}

void global_avg_pool_backward(const Tensor& gy, const Tensor& gx) {
  with_any_float(gy.dtype(), [&]<class T>() {
    with_pixels<T>(gx, {gy}, kMostBlocks, [&](auto lanes, const ChannelTiles& tiles, const Grid& grid) {
      S4L_LAUNCH((spread_over_pixels<lanes.count, T>), grid.blocks, grid.threads, 0, stream_of(gy), tiles, gy.data<T>(),
                 gx.data<T>());
    });
  });
}

}  // namespace s4l::cuda
