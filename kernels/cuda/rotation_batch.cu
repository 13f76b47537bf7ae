// A block works on a tile of 32 x 32 pixels of a mirrored picture: it reads the bytes once, normalises once, and writes
// the tile of each rotation, two of them transposed, in runs of 16 bytes. A pixel of 3 channels may be written as 4 or
// 8, those behind 0: what a convolution likes to read.
#include "s4l/core/ops/rotation_batch.h"

#include <cmath>

#include "s4l/kernels/cuda/launch.cuh"

namespace s4l::S4L_KNS {
namespace {

constexpr int kTilePixels = 32, kTileBytes = 3 * kTilePixels;

/// What the tail does to each picture by itself, null for nothing; `factor` and `offset` of a byte where `range` is
/// null.
struct Tail {
  const std::uint8_t* flip;
  const float *noise, *range;
  float factor[3], offset[3];
};

/// Where a tile lies in the mirrored picture; it ends at the picture's border.
struct TilePlace {
  std::int64_t sample;
  int row, column, rows, columns;

  __device__ __forceinline__ TilePlace(std::int64_t number, int h, int w) {
    const int across = (w + kTilePixels - 1) / kTilePixels, down = (h + kTilePixels - 1) / kTilePixels;
    sample = number / (across * down);
    const int tile = static_cast<int>(number % (across * down));
    row = tile / across * kTilePixels;
    column = tile % across * kTilePixels;
    rows = min(kTilePixels, h - row);
    columns = min(kTilePixels, w - column);
  }
};

using TileBytes = std::uint8_t[kTilePixels][kTileBytes];
using TileNumbers = float[3][kTilePixels][kTilePixels + 1];

/// The tile's bytes as they lie in the picture: where it is mirrored, from its right border.
__device__ __forceinline__ void read_bytes(const std::uint8_t* picture, int w, const TilePlace& at, bool flip,
                                           bool vectors, TileBytes& bytes) {
  const int left = flip ? w - at.column - at.columns : at.column, count = 3 * at.columns;
  const int run = vectors ? 16 : 1, runs = count / run;
  for (int i = static_cast<int>(threadIdx.x); i < at.rows * runs; i += static_cast<int>(blockDim.x)) {
    const int row = i / runs, k = i % runs * run;
    const std::uint8_t* from = picture + 3 * (static_cast<std::int64_t>(at.row + row) * w + left) + k;
    if (vectors)
      store_pack<16>(load_pack<16>(from), &bytes[row][k]);
    else
      bytes[row][k] = *from;
  }
}

/// x^power gain + offset, clipped to [0, 1]; x in [0, 1], a positive power.
__device__ __forceinline__ float curved(float x, float power, float gain, float offset) {
  const float raised = std::exp(power * std::log(x));
  return std::fmin(std::fmax(raised * gain + offset, 0.0f), 1.0f);
}

/// with_hsv_noise() in place.
__device__ __forceinline__ void add_hsv_noise(const float* noise, float (&rgb)[3]) {
  const float r = rgb[0], g = rgb[1], b = rgb[2];
  const float value = std::fmax(r, std::fmax(g, b)), range = value - std::fmin(r, std::fmin(g, b));
  float hue = 0;
  if (range > 0)
    hue = r == value ? (g - b) / (6 * range)
                     : (g == value ? (b - r) / (6 * range) + 1.0f / 3 : (r - g) / (6 * range) + 2.0f / 3);
  const float h = hue + 1 + noise[0], six = 6 * (h - std::floor(h));
  const float s = curved(value > 0 ? range / value : 0.0f, noise[1], noise[2], noise[3]);
  const float v = curved(value, noise[4], noise[5], noise[6]);
  const float shares[3] = {std::fabs(six - 3) - 1, 2 - std::fabs(six - 2), 2 - std::fabs(six - 4)};
#pragma unroll
  for (int c = 0; c < 3; ++c) rgb[c] = (1 - s + s * std::fmin(std::fmax(shares[c], 0.0f), 1.0f)) * v;
}

/// The tile's numbers, mirrored, with `add` on top.
__device__ __forceinline__ void convert(const TileBytes& bytes, const TilePlace& at, const Tail& tail, bool flip,
                                        float add, TileNumbers& numbers) {
  const float* range = tail.range != nullptr ? tail.range + 2 * at.sample : nullptr;
  for (int i = static_cast<int>(threadIdx.x); i < at.rows * at.columns; i += static_cast<int>(blockDim.x)) {
    const int row = i / at.columns, column = i % at.columns, from = 3 * (flip ? at.columns - 1 - column : column);
    float rgb[3];
#pragma unroll
    for (int c = 0; c < 3; ++c) rgb[c] = static_cast<float>(bytes[row][from + c]);
    if (tail.noise != nullptr) {
#pragma unroll
      for (int c = 0; c < 3; ++c) rgb[c] *= 1 / 255.f;
      add_hsv_noise(tail.noise + HsvNoise::kNumbers * at.sample, rgb);
#pragma unroll
      for (int c = 0; c < 3; ++c) rgb[c] *= 255;
    }
#pragma unroll
    for (int c = 0; c < 3; ++c)
      numbers[c][row][column] =
          add + (range != nullptr ? rgb[c] * range[0] + range[1] : rgb[c] * tail.factor[c] + tail.offset[c]);
  }
}

/// Writes the tile as view k shows it, to a picture of h rows and w columns (before it is turned).
template <int k, int kChannels, int V, class T>
__device__ __forceinline__ void write_view(const TileNumbers& numbers, const TilePlace& at, int h, int w, T* y) {
  constexpr bool kTurned = k % 2 != 0;
  const int rows = kTurned ? at.columns : at.rows, columns = kTurned ? at.rows : at.columns, width = kTurned ? h : w;
  const int down = k == 0 ? at.row : (k == 1 ? w - at.column - rows : (k == 2 ? h - at.row - rows : at.column));
  const int right = k == 0 ? at.column : (k == 1 ? at.row : (k == 2 ? w - at.column - columns : h - at.row - columns));
  const int runs = columns * kChannels / V;
  y += (static_cast<std::int64_t>(down) * width + right) * kChannels;
  for (int i = static_cast<int>(threadIdx.x); i < rows * runs; i += static_cast<int>(blockDim.x)) {
    const int row = i / runs;
    const unsigned first = static_cast<unsigned>(i - row * runs) * V;
    float values[V];
#pragma unroll
    for (unsigned v = 0; v < V; ++v) {
      const int column = static_cast<int>((first + v) / kChannels), c = static_cast<int>((first + v) % kChannels);
      const int from_row = k == 0 ? row : (k == 1 ? column : (k == 2 ? rows - 1 - row : columns - 1 - column));
      const int from_column = k == 0 ? column : (k == 1 ? rows - 1 - row : (k == 2 ? columns - 1 - column : row));
      values[v] = c < 3 ? numbers[c][from_row][from_column] : 0.0f;
    }
    T* const to = y + static_cast<std::int64_t>(row) * width * kChannels + first;
    if constexpr (V * sizeof(T) < 8)
      store(values, to);
    else
      store_pack_at_once(pack_of<V, T>(values), to);
  }
}

/// `vectors`: whether the bytes can be read 16 at a time. A picture that does not exist gives NaN.
template <class T, int kChannels, int V>
__global__ void __launch_bounds__(256)
    rotation_tiles(const std::uint8_t* pictures, const std::int32_t* index, std::int64_t count, Tail tail,
                   std::int64_t tiles, int h, int w, int rotations, bool vectors, T* y) {
  S4L_SHARED(uint4, packs, [sizeof(TileBytes) / sizeof(uint4)]);
  S4L_SHARED(float, numbers, [3][kTilePixels][kTilePixels + 1]);
  auto& bytes = reinterpret_cast<TileBytes&>(packs);
  const std::int64_t size = static_cast<std::int64_t>(h) * w;
  for (std::int64_t tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    const TilePlace at(tile, h, w);
    const std::int64_t picture = index != nullptr ? index[at.sample] : at.sample;
    const bool flip = tail.flip != nullptr && tail.flip[at.sample] != 0;
    if (0 <= picture && picture < count) read_bytes(pictures + picture * size * 3, w, at, flip, vectors, bytes);
    __syncthreads();
    convert(bytes, at, tail, flip, 0 <= picture && picture < count ? 0.0f : NAN, numbers);
    __syncthreads();
    T* const views = y + at.sample * rotations * size * kChannels;
    write_view<0, kChannels, V>(numbers, at, h, w, views);
    if (rotations == 1) continue;
    write_view<1, kChannels, V>(numbers, at, h, w, views + size * kChannels);
    write_view<2, kChannels, V>(numbers, at, h, w, views + 2 * size * kChannels);
    write_view<3, kChannels, V>(numbers, at, h, w, views + 3 * size * kChannels);
  }
}

/// y_i = i mod 4.
__global__ void rotation_labels_all(std::int64_t n, std::int32_t* y) {
  for_runs<1>(n, [=](auto, std::int64_t i) { y[i] = static_cast<std::int32_t>(i % 4); });
}

/// y_i = labels[i / times] of rows of `words` 32-bit words, n of them in y.
__global__ void repeat_labels_all(const std::uint32_t* labels, std::int64_t words, int times, std::int64_t n,
                                  std::uint32_t* y) {
  for_runs<1>(n, [=](auto, std::int64_t i) { y[i] = labels[i / words / times * words + i % words]; });
}

/// y_i = i / views.
__global__ void picture_labels_all(std::int64_t views, std::int64_t n, std::int32_t* y) {
  for_runs<1>(n, [=](auto, std::int64_t i) { y[i] = static_cast<std::int32_t>(i / views); });
}

}  // namespace
}  // namespace s4l::S4L_KNS

namespace s4l::cuda {
namespace {

/// Calls body.operator()<kChannels>() with y's channels.
template <class Body>
void with_channels(const Tensor& y, const Body& body) {
  const std::int64_t channels = y.shape()[3];
  if (channels == 3) return body.template operator()<3>();
  if (channels == 4) return body.template operator()<4>();
  check(channels == 8, "rotation_batch: expected 3, 4 or 8 channels, got {}", y.shape());
  body.template operator()<8>();
}

S4L_KNS::Tail tail_of(const PictureDraws& draws, const Normalization& normalization) {
  S4L_KNS::Tail tail{data_or_null<std::uint8_t>(draws.flip),
                     data_or_null<float>(draws.noise),
                     data_or_null<float>(draws.range),
                     {},
                     {}};
  for (std::size_t c = 0; c < 3; ++c) {
    tail.factor[c] = 1 / (255 * normalization.deviation[c]);
    tail.offset[c] = -normalization.mean[c] / normalization.deviation[c];
  }
  return tail;
}

template <class T, int kChannels>
void rotate(const Tensor& pictures, const Tensor& index, const S4L_KNS::Tail& tail, int rotations, const Tensor& y) {
  const Shape& in = pictures.shape();
  const auto h = static_cast<int>(in[1]), w = static_cast<int>(in[2]);
  const auto tiles_of = [](int edge) { return (edge + S4L_KNS::kTilePixels - 1) / S4L_KNS::kTilePixels; };
  const std::int64_t tiles = y.shape()[0] / rotations * tiles_of(h) * tiles_of(w);
  const Grid grid = grid_of_rows(tiles, 256);
  const auto run = [&]<int V>() {
    S4L_LAUNCH((S4L_KNS::rotation_tiles<T, kChannels, V>), grid.blocks, grid.threads, 0, stream_of(pictures),
               pictures.data<std::uint8_t>(), data_or_null<std::int32_t>(index), in[0], tail, tiles, h, w, rotations,
               in_vectors<std::uint8_t>(3 * w, {pictures.raw()}), y.data<T>());
  };
  if (in_vectors<T>(kChannels * w, {y.raw()}))
    run.template operator()<S4L_KNS::kVector<T>>();
  else
    run.template operator()<kChannels == 3 ? 1 : 4>();
}

}  // namespace

void rotation_batch(const Tensor& pictures, const Tensor& index, const PictureDraws& draws,
                    const RotationBatchOptions& options, const Tensor& y) {
  const S4L_KNS::Tail tail = tail_of(draws, options.normalization);
  with_channels(y, [&]<int kChannels>() {
    const auto run = [&]<class T>() { rotate<T, kChannels>(pictures, index, tail, options.rotations, y); };
    if (y.dtype() == DType::bf16)
      run.template operator()<bf16>();
    else if (y.dtype() == DType::f16)
      run.template operator()<f16>();
    else
      run.template operator()<float>();
  });
}

void rotation_labels(const Tensor& y) {
  const Grid grid = grid_of_items(y.numel());
  S4L_LAUNCH(S4L_KNS::rotation_labels_all, grid.blocks, grid.threads, 0, stream_of(y), y.numel(),
             y.data<std::int32_t>());
}

void repeat_labels(const Tensor& labels, int times, const Tensor& y) {
  const auto n = static_cast<std::int64_t>(y.bytes() / sizeof(std::uint32_t));
  if (n == 0) return;
  const Grid grid = grid_of_items(n);
  S4L_LAUNCH(S4L_KNS::repeat_labels_all, grid.blocks, grid.threads, 0, stream_of(y),
             static_cast<const std::uint32_t*>(labels.raw()), n / y.shape()[0], times, n,
             static_cast<std::uint32_t*>(y.raw()));
}

void picture_labels(std::int64_t views, const Tensor& y) {
  const Grid grid = grid_of_items(y.numel());
  S4L_LAUNCH(S4L_KNS::picture_labels_all, grid.blocks, grid.threads, 0, stream_of(y), views, y.numel(),
             y.data<std::int32_t>());
}

}  // namespace s4l::cuda
