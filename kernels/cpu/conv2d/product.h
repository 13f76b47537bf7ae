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
  bool around;           // write y past the caches
  float* end = nullptr;  // if given, what lies between the rows of y, and up to here, becomes 0
};

/// Computes all products, at least one, in parallel.
void multiply(std::span<const Product> products);

/// A weight gradient: gw (outputs x window.depth()) = the transpose of gy (window.pixels() x outputs, `pitch` floats
/// from row to row) times the window's matrix.
struct TransposedProduct {
  Window window;
  const float* gy;
  std::int64_t pitch, outputs;
  float* gw;
};

/// Computes all products, which are of one shape, in parallel.
void multiply_transposed(std::span<const TransposedProduct> products);

}  // namespace s4l::cpu
