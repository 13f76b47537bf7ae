#pragma once
#include <algorithm>
#include <cstdint>

#include "s4l/kernels/cpu/conv2d/window.h"
#include "s4l/kernels/cpu/conv2d/winograd.h"
#include "s4l/kernels/cpu/conv2d/winograd_tile.h"
#include "s4l/kernels/cpu/gemm.h"

namespace s4l::cpu {

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

/// A run of floats, asked for by products of the given depth.
inline Ahead run_ahead(const float* data, std::int64_t floats, std::int64_t depth) {
  constexpr std::int64_t kLine = 16;
  return {data, ceil_div(floats, depth * kLine), depth * kLine, kLine};
}

}  // namespace s4l::cpu
