#pragma once
// How blocks share the rows of x (rows, channels), which are in equal groups. Channels are contiguous, so a thread has
// V of them, next to its neighbours'; a block has a strip of channels and a chunk of a group's rows, and goes down the
// chunk with all its rows of threads at a time.
#include "s4l/kernels/cuda/last_block.cuh"
#include "s4l/kernels/cuda/number.cuh"

namespace s4l::S4L_KNS {

struct ChannelTiles {
  std::int64_t group_rows, chunk_rows;
  int channels, groups, chunks;  ///< chunks: of each group
  int strips, width, height;     ///< of threads: vectors in a strip, and rows of a block

  __host__ __device__ int tasks() const { return groups * chunks * strips; }
};

/// The calling thread's part of one task.
template <int V>
struct TilePart {
  int strip, group, chunk;
  int column, row;          ///< of the thread in its block
  int channel;              ///< the first of V
  bool works;               ///< some threads have no channel
  std::int64_t begin, end;  ///< rows of x, every tiles.height-th of them

  __device__ __forceinline__ TilePart(const ChannelTiles& tiles, int task) {
    strip = task % tiles.strips;
    chunk = task / tiles.strips % tiles.chunks;
    group = task / tiles.strips / tiles.chunks;
    column = static_cast<int>(threadIdx.x) % tiles.width;
    row = static_cast<int>(threadIdx.x) / tiles.width;
    channel = (strip * tiles.width + column) * V;
    works = row < tiles.height && channel < tiles.channels;
    const std::int64_t first = chunk * tiles.chunk_rows, last = first + tiles.chunk_rows;
    begin = group * tiles.group_rows + first + row;
    end = group * tiles.group_rows + (last < tiles.group_rows ? last : tiles.group_rows);
  }
  /// Of a thread that has some.
  __device__ __forceinline__ std::int64_t rows(const ChannelTiles& tiles) const {
    return (end - begin + tiles.height - 1) / tiles.height;
  }
};

/// body(rows, at, step) for runs of the thread's rows, kRows of them and at the end single ones: `at` is the place of
/// the first, `step` the distance to the next.
template <int kRows, int V, class Body>
__device__ __forceinline__ void for_rows(const ChannelTiles& tiles, const TilePart<V>& part, const Body& body) {
  const std::int64_t step = static_cast<std::int64_t>(tiles.height) * tiles.channels;
  std::int64_t row = part.begin;
  for (; row + (kRows - 1) * tiles.height < part.end; row += kRows * tiles.height)
    body(Lanes<kRows>(), row * tiles.channels + part.channel, step);
  for (; row < part.end; row += tiles.height) body(Lanes<1>(), row * tiles.channels + part.channel, step);
}
template <int kRows, int V, class T>
__device__ __forceinline__ void load_rows(const T* from, std::int64_t step, Pack<T, V> (&packs)[kRows]) {
#pragma unroll
  for (int r = 0; r < kRows; ++r) packs[r] = load_pack<V>(from + r * step);
}

inline constexpr int kMostTileThreads = 512;

/// Adds up M values over the block's `height` rows of `width` threads; the first row gets the sums.
template <int M>
__device__ __forceinline__ void add_rows_of_threads(int width, int height, double (&values)[M]) {
  constexpr int kAtOnce = M < 8 ? M : 8;  // bounds the shared memory
  S4L_SHARED(double, part, [kAtOnce][kMostTileThreads]);
  const int mine = static_cast<int>(threadIdx.x), row = mine / width;
  int half = 1;
  while (2 * half < height) half *= 2;
#pragma unroll
  for (int first = 0; first < M; first += kAtOnce) {
    __syncthreads();  // somebody may still read what was here before
#pragma unroll
    for (int i = 0; i < kAtOnce; ++i) part[i][mine] = values[first + i];
    for (int rows = half; rows > 0; rows /= 2) {
      __syncthreads();
      if (row >= rows || row + rows >= height) continue;
#pragma unroll
      for (int i = 0; i < kAtOnce; ++i) part[i][mine] += part[i][mine + rows * width];
    }
#pragma unroll
    for (int i = 0; i < kAtOnce; ++i) values[first + i] = part[i][mine];
  }
}

/// Two sums per channel and group. sums.add(tiles, part, values) gives the thread's, V of each; the block that comes
/// last to a strip adds the chunks of each group in their order and calls sums.finish(channel, group, sum, other sum)
/// for groups in turn. `parts` has room for (groups, chunks, 2, channels), `arrived` a counter for each strip.
template <int V, class Sums>
__device__ __forceinline__ void sum_channels(const ChannelTiles& tiles, Sums& sums, double* parts, unsigned* arrived) {
  for (int task = static_cast<int>(blockIdx.x); task < tiles.tasks(); task += static_cast<int>(gridDim.x)) {
    const TilePart<V> part(tiles, task);
    double values[2 * V] = {};
    if (part.works) sums.add(tiles, part, values);
    add_rows_of_threads(tiles.width, tiles.height, values);
    double* to = parts + 2 * static_cast<std::int64_t>(part.group * tiles.chunks + part.chunk) * tiles.channels;
    if (part.row == 0 && part.works)
#pragma unroll
      for (int i = 0; i < V; ++i) {
        to[part.channel + i] = values[i];
        to[tiles.channels + part.channel + i] = values[V + i];
      }
    if (!is_last_block(arrived + part.strip, static_cast<unsigned>(tiles.groups * tiles.chunks))) continue;

    const int wide = tiles.width * V, high = static_cast<int>(blockDim.x) / wide;  // a thread has one channel now
    const int row = static_cast<int>(threadIdx.x) / wide;
    const int channel = part.strip * wide + static_cast<int>(threadIdx.x) % wide;
    const bool works = row < high && channel < tiles.channels;
    for (int group = 0; group < tiles.groups; ++group) {
      double both[2] = {};
#pragma unroll 4
      for (int chunk = row; works && chunk < tiles.chunks; chunk += high) {
        const double* from =
            parts + 2 * static_cast<std::int64_t>(group * tiles.chunks + chunk) * tiles.channels + channel;
        both[0] += from[0];
        both[1] += from[tiles.channels];
      }
      add_rows_of_threads(wide, high, both);
      if (row == 0 && works) sums.finish(channel, group, both[0], both[1]);
    }
  }
}

}  // namespace s4l::S4L_KNS

namespace s4l::cuda {

/// Cuts x's rows for blocks of `most_threads` so that a thread has 12 of them (a multiple of what the kernels read at a
/// time), more where there would be more than `most_blocks`.
inline S4L_KNS::ChannelTiles channel_tiles(const Tensor& x, int groups, int lanes, int most_threads,
                                           std::int64_t most_blocks) {
  constexpr std::int64_t kRowsEach = 12;
  S4L_KNS::ChannelTiles tiles;
  const int threads = std::min(most_threads, launch_limits.threads);
  tiles.channels = static_cast<int>(x.shape().last());
  tiles.groups = groups;
  tiles.group_rows = tiles.channels == 0 ? 0 : x.numel() / tiles.channels / groups;
  const int vectors = tiles.channels / lanes, widest = std::min(32, threads / lanes);
  tiles.strips = (vectors + widest - 1) / widest;
  tiles.width = std::max(1, tiles.strips == 0 ? 1 : (vectors + tiles.strips - 1) / tiles.strips);
  tiles.height = threads / tiles.width;
  const std::int64_t most_chunks = std::max<std::int64_t>(1, most_blocks / std::max(1, tiles.strips * groups));
  const std::int64_t rows_of_threads = (tiles.group_rows + tiles.height - 1) / tiles.height;
  const std::int64_t each = std::max<std::int64_t>(kRowsEach, (rows_of_threads + most_chunks - 1) / most_chunks);
  tiles.chunk_rows = each * tiles.height;
  tiles.chunks = static_cast<int>(std::max<std::int64_t>(1, (rows_of_threads + each - 1) / each));
  return tiles;
}

}  // namespace s4l::cuda
