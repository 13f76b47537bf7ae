#include "s4l/kernels/cpu/conv2d/winograd.h"

#include <xmmintrin.h>

#include <algorithm>

#include "s4l/kernels/cpu/conv2d/winograd_tiles.h"
#include "s4l/kernels/cpu/gemm.h"
#include "s4l/kernels/cpu/packed_weights.h"
#include "s4l/kernels/cpu/parallel.h"
#include "s4l/kernels/cpu/scratch.h"

namespace s4l::cpu {
namespace {

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

}  // namespace s4l::cpu
