#pragma once
#include <span>

#include "s4l/kernels/cpu/conv2d/window.h"

namespace s4l::cpu {

/// A window's matrix times a packed matrix of weights, and where the product goes: row m, which belongs to grid
/// pixel (image, i, j), to y + image * image_stride + i * row_stride + j * pixel_stride.
struct Product {
  Window window;
  const float* weights;  // panels of depth() x columns
  std::int64_t columns;
  float* y;
  std::int64_t image_stride, row_stride, pixel_stride;
};

/// Computes all products, in parallel.
void multiply(std::span<const Product> products);

/// gw (channels_out x depth()) = the transpose of gy (pixels() x channels_out) times the window's matrix.
void multiply_transposed(const Window& window, const float* gy, std::int64_t channels_out, float* gw);

}  // namespace s4l::cpu
