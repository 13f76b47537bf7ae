#pragma once
#include <cstdint>

namespace s4l::cpu {

/// A 3x3 convolution of stride 1: x (images, height, width, channels) padded by `padding` to y (images, out_height,
/// out_width, outputs).
struct Winograd {
  std::int64_t images, height, width, channels, padding, out_height, out_width, outputs;

  std::int64_t tile_rows() const { return (out_height + 3) / 4; }
  std::int64_t tile_columns() const { return (out_width + 3) / 4; }
  std::int64_t tiles() const { return images * tile_rows() * tile_columns(); }
  static constexpr std::int64_t kMinChannels = 16;  // of `channels` and `outputs`: one vector of any instruction set
};

/// Floats of the mapped weights.
std::int64_t winograd_weight_floats(std::int64_t channels, std::int64_t outputs);
/// Maps w (outputs, 3, 3, channels) and packs it for gemm(); `rotated`: for the data gradient, where w is
/// (channels, 3, 3, outputs) and its taps are read backwards.
void winograd_pack(const float* w, std::int64_t channels, std::int64_t outputs, bool rotated, float* to);
/// y from x and mapped weights.
void winograd_multiply(const Winograd& shape, const float* x, const float* weights, float* y);
/// gw (outputs, 3, 3, channels) from x and gy.
void winograd_weight_gradient(const Winograd& shape, const float* x, const float* gy, float* gw);

}  // namespace s4l::cpu
