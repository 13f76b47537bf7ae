#include "s4l/kernels/cpu/conv2d/winograd.h"

#include <xmmintrin.h>

#include <algorithm>

#include "s4l/core/device/device.h"
#include "s4l/kernels/cpu/conv2d/window.h"
#include "s4l/kernels/cpu/conv2d/winograd_tile.h"
#include "s4l/kernels/cpu/gemm.h"
#include "s4l/kernels/cpu/packed_weights.h"
#include "s4l/kernels/cpu/parallel.h"
#include "s4l/kernels/cpu/scratch.h"

namespace s4l::cpu {
namespace {

constexpr std::int64_t kFrequencies = 36, kIn = 6, kOut = 4;
constexpr std::int64_t kSkew = 16;  // floats between frequencies, so that 36 streams do not meet in one cache set

/// The tiles of a picture, each `size` pixels square, as windows 4 pixels apart; the first begins `padding` outside.
class Tiles {
 public:
  Tiles(const float* source, std::int64_t images, std::int64_t height, std::int64_t width, std::int64_t channels,
        const Winograd& shape, std::int64_t size, std::int64_t padding)
      : window_{.source = source,
                .images = images,
                .height = height,
                .width = width,
                .channels = channels,
                .pitch = channels,
                .grid_height = shape.tile_rows(),
                .grid_width = shape.tile_columns(),
                .taps_height = size,
                .taps_width = size,
                .step = kOut,
                .dilation = 1,
                .top = -padding,
                .left = -padding} {}

  /// Maps tile t to frequencies `stride` floats apart; what lies outside of the picture is read from `zeros`.
  void map(TileMap map, std::int64_t t, const float* zeros, float* to, std::int64_t stride) const {
    const Window& w = window_;
    const std::int64_t size = w.taps_height, c = w.channels;
    const std::int64_t column = t % w.grid_width * kOut + w.left, row = t / w.grid_width % w.grid_height * kOut + w.top,
                       image = t / (w.grid_width * w.grid_height);
    const auto pixel = [&](std::int64_t i, std::int64_t j) {
      return w.source + ((image * w.height + row + i) * w.width + column + j) * c;
    };
    const Square<float> frequencies{to, kIn * stride, stride};
    if (row >= 0 && column >= 0 && row + size <= w.height && column + size <= w.width)
      return map_tile(map, Square<const float>{pixel(0, 0), w.width * c, c}, frequencies, c);
    Pixels pixels;
    for (std::int64_t i = 0; i < size; ++i)
      for (std::int64_t j = 0; j < size; ++j) {
        const bool inside = row + i >= 0 && row + i < w.height && column + j >= 0 && column + j < w.width;
        pixels.at[static_cast<std::size_t>(i * size + j)] = inside ? pixel(i, j) : zeros;
      }
    map_tile(map, pixels, frequencies, c);
  }

 private:
  Window window_;
};

/// Maps `channels` channels of the product's tile t back to pixels of y; what lies outside y is dropped.
void write_tile(const Winograd& s, std::int64_t t, const float* from, std::int64_t stride, std::int64_t channels,
                float* patch, float* y) {
  const std::int64_t column = t % s.tile_columns() * kOut, row = t / s.tile_columns() % s.tile_rows() * kOut,
                     image = t / (s.tile_columns() * s.tile_rows());
  float* const to = y + ((image * s.out_height + row) * s.out_width + column) * s.outputs;
  const Square<const float> frequencies{from, kIn * stride, stride};
  if (row + kOut <= s.out_height && column + kOut <= s.out_width)
    return map_tile(TileMap::output, frequencies, {to, s.out_width * s.outputs, s.outputs}, channels);
  map_tile(TileMap::output, frequencies, {patch, kOut * channels, channels}, channels);
  for (std::int64_t i = 0; i < std::min(kOut, s.out_height - row); ++i)
    for (std::int64_t j = 0; j < std::min(kOut, s.out_width - column); ++j)
      std::copy_n(patch + (i * kOut + j) * channels, channels, to + (i * s.out_width + j) * s.outputs);
}

/// How the forward pass is divided: blocks of tiles whose mapped inputs stay in L2, or are shared by many weights, and
/// slices of outputs. A slice's outputs are multiplied kColumns at a time, the last of all with what remains, so that
/// there are never fewer than kMinChannels.
struct Blocks {
  static constexpr std::int64_t kRowUnit = 12, kColumns = 64, kMaxColumns = kColumns + Winograd::kMinChannels - 1,
                                kMinTasks = 16;
  std::int64_t tiles, blocks, parts, parts_per_slice, slices;
  explicit Blocks(const Winograd& s) {
    tiles = s.channels >= 256 ? 5 * kRowUnit : std::clamp<std::int64_t>(2800 / s.channels / kRowUnit, 2, 6) * kRowUnit;
    blocks = ceil_div(s.tiles(), tiles);
    parts = (s.outputs + kColumns - Winograd::kMinChannels) / kColumns;
    parts_per_slice = ceil_div(parts, ceil_div(kMinTasks, blocks));
    slices = ceil_div(parts, parts_per_slice);
  }
};

std::int64_t weight_stride(std::int64_t channels, std::int64_t outputs) {
  const std::int64_t width = gemm_panel_width();
  return ceil_div(outputs, width) * width * channels + kSkew;
}

/// A run of floats, asked for by products of the given depth.
Ahead run_ahead(const float* data, std::int64_t floats, std::int64_t depth) {
  constexpr std::int64_t kLine = 16;
  return {data, ceil_div(floats, depth * kLine), depth * kLine, kLine};
}

void multiply_block(const Winograd& s, const Blocks& blocks, std::int64_t task, const float* x, const float* weights,
                    float* y) {
  const std::int64_t width = gemm_panel_width(), weights_stride = weight_stride(s.channels, s.outputs);
  const std::int64_t first = task / blocks.slices * blocks.tiles, count = std::min(blocks.tiles, s.tiles() - first);
  const std::int64_t begin = task % blocks.slices * blocks.parts_per_slice,
                     end = std::min(blocks.parts, begin + blocks.parts_per_slice);
  const std::int64_t in_stride = count * s.channels + kSkew, out_stride = count * Blocks::kMaxColumns + kSkew;
  const Tiles input(x, s.images, s.height, s.width, s.channels, s, kIn, s.padding);
  const Scratch scratch(kFrequencies * (in_stride + out_stride) +
                        std::max(s.channels, kOut * kOut * Blocks::kMaxColumns));
  float* const mapped = scratch.data();
  float* const product = mapped + kFrequencies * in_stride;
  float* const patch = product + kFrequencies * out_stride;
  const float* const zeros = std::fill_n(patch, s.channels, 0.0f) - s.channels;
  for (std::int64_t t = 0; t < count; ++t)
    input.map(TileMap::input, first + t, zeros, mapped + t * s.channels, in_stride);
  for (std::int64_t part = begin; part < end; ++part) {
    const std::int64_t n = part * Blocks::kColumns;
    const std::int64_t columns = part + 1 == blocks.parts ? s.outputs - n : Blocks::kColumns;
    for (std::int64_t f = 0; f < kFrequencies; ++f) {
      const float* const next = f + 1 < kFrequencies ? weights + (f + 1) * weights_stride + n * s.channels
                                                     : weights + (n + columns) * s.channels;
      gemm({.a = mapped + f * in_stride,
            .a_row = s.channels,
            .a_depth = 1,
            .b = weights + f * weights_stride + n * s.channels,
            .b_depth = width,
            .b_panel = s.channels * width,
            .c = product + f * out_stride,
            .c_row = columns,
            .rows = count,
            .columns = columns,
            .depth = s.channels,
            .add = false,
            .ahead_b = run_ahead(next, columns * s.channels, s.channels)});
    }
    for (std::int64_t t = 0; t < count; ++t)
      write_tile(s, first + t, product + t * columns, out_stride, columns, patch, y + n);
  }
}

/// Copies whole vectors of 4 past the caches.
void stream(const float* from, std::int64_t floats, float* to) {
  for (std::int64_t i = 0; i < floats; i += 4) _mm_stream_ps(to + i, _mm_load_ps(from + i));
}

}  // namespace

std::int64_t winograd_weight_floats(std::int64_t channels, std::int64_t outputs) {
  return kFrequencies * weight_stride(channels, outputs);
}

void winograd_pack(const float* w, std::int64_t channels, std::int64_t outputs, bool rotated, float* to) {
  // A cache line of channels at a time: read as lines, mapped in L2, and written as 36 runs.
  constexpr std::int64_t kTaps = 9, kLine = 16, kCached = 1 << 21;
  const std::int64_t width = gemm_panel_width(), stride = weight_stride(channels, outputs);
  const bool streams = kFrequencies * stride > kCached;  // then they leave the caches before they are read
  parallel(ceil_div(outputs, width), [&](std::int64_t panel) {
    const Scratch scratch((kTaps + kFrequencies) * kLine * width);
    float *const taps = scratch.data(), *const mapped = taps + kTaps * kLine * width;
    const std::int64_t first = panel * width, columns = std::min(width, outputs - first);
    for (std::int64_t begin = 0; begin < channels; begin += kLine) {
      const std::int64_t count = std::min(kLine, channels - begin);
      for (std::int64_t tap = 0; tap < kTaps; ++tap)
        pack_panel(rotated ? WeightMatrix{w + (begin * kTaps + kTaps - 1 - tap) * outputs + first, kTaps * outputs, 1}
                           : WeightMatrix{w + (first * kTaps + tap) * channels + begin, 1, kTaps * channels},
                   count, columns, width, taps + tap * kLine * width);
      for (std::int64_t k = 0; k < count; ++k)
        map_tile(TileMap::weight, {taps + k * width, 3 * kLine * width, kLine * width},
                 {mapped + k * width, kIn * kLine * width, kLine * width}, width);
      for (std::int64_t f = 0; f < kFrequencies; ++f) {
        const float* const from = mapped + f * kLine * width;
        float* const run = to + f * stride + (panel * channels + begin) * width;
        if (streams)
          stream(from, count * width, run);
        else
          std::copy_n(from, count * width, run);
      }
    }
    if (streams) _mm_sfence();
  });
}

void winograd_multiply(const Winograd& shape, const float* x, const float* weights, float* y) {
  const Blocks blocks(shape);
  parallel(blocks.blocks * blocks.slices,
           [&](std::int64_t task) { multiply_block(shape, blocks, task, x, weights, y); });
}

void winograd_weight_gradient(const Winograd& s, const float* x, const float* gy, float* gw) {
  // Rounds of as many tiles as the last-level cache holds mapped; the sums of all stay in one place.
  constexpr std::int64_t kRoundFloats = 1 << 20, kMinRound = 96, kTileUnit = 8, kRows = 96;
  const std::int64_t affordable = kRoundFloats / (kFrequencies * (s.channels + s.outputs));
  const std::int64_t round = std::min(s.tiles(), std::max(kMinRound, affordable));
  const std::int64_t x_stride = round * s.channels + kSkew, gy_stride = round * s.outputs + kSkew,
                     sum_stride = s.outputs * s.channels + kSkew, width = gemm_panel_width();
  const Tiles input(x, s.images, s.height, s.width, s.channels, s, kIn, s.padding);
  const Tiles gradient(gy, s.images, s.out_height, s.out_width, s.outputs, s, kOut, 0);
  const Scratch mapped_x(kFrequencies * x_stride + width), mapped_gy(kFrequencies * gy_stride),
      sums(kFrequencies * sum_stride);
  for (std::int64_t first = 0; first < s.tiles(); first += round) {
    const std::int64_t count = std::min(round, s.tiles() - first);
    parallel_blocks(count, kTileUnit, [&](std::int64_t begin, std::int64_t end) {
      const Scratch zeros(std::max(s.channels, s.outputs));
      std::fill_n(zeros.data(), std::max(s.channels, s.outputs), 0.0f);
      for (std::int64_t t = begin; t < end; ++t) {
        input.map(TileMap::input, first + t, zeros.data(), mapped_x.data() + t * s.channels, x_stride);
        gradient.map(TileMap::output_gradient, first + t, zeros.data(), mapped_gy.data() + t * s.outputs, gy_stride);
      }
    });
    const std::int64_t slices = ceil_div(s.outputs, kRows);
    parallel(kFrequencies * slices, [&](std::int64_t task) {
      const std::int64_t f = task / slices, row = task % slices * kRows;
      const std::int64_t next = std::min((task + num_threads()) / slices, kFrequencies - 1);
      gemm({.a = mapped_gy.data() + f * gy_stride + row,
            .a_row = 1,
            .a_depth = s.outputs,
            .b = mapped_x.data() + f * x_stride,
            .b_depth = s.channels,
            .b_panel = width,
            .c = sums.data() + f * sum_stride + row * s.channels,
            .c_row = s.channels,
            .rows = std::min(kRows, s.outputs - row),
            .columns = s.channels,
            .depth = count,
            .add = first > 0,
            .ahead_a = run_ahead(mapped_gy.data() + next * gy_stride, count * s.outputs, count),
            .ahead_b = run_ahead(mapped_x.data() + next * x_stride, count * s.channels, count)});
    });
  }
  parallel_blocks(s.outputs, kTileUnit, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t o = begin; o < end; ++o)
      map_tile(TileMap::weight_gradient, {sums.data() + o * s.channels, kIn * sum_stride, sum_stride},
               {gw + o * 9 * s.channels, 3 * s.channels, s.channels}, s.channels);
  });
}

}  // namespace s4l::cpu
