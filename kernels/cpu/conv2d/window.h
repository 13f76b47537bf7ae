#pragma once
#include <cstdint>

namespace s4l::cpu {

constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// A convolution read as a matrix product: row m of the matrix A is what the kernel's window sees when it stands
/// on pixel m of a grid. The windows of neighbouring grid pixels lie `step` source pixels apart, taps `dilation`; what
/// lies outside the source is 0.
struct Window {
  const float* source;  // (images, height, width, pitch)
  std::int64_t images, height, width;
  std::int64_t channels, pitch;          // those read of a pixel, and floats from one pixel to the next
  std::int64_t grid_height, grid_width;  // per image
  std::int64_t taps_height, taps_width;  // of the kernel
  std::int64_t step;
  std::int64_t dilation;
  std::int64_t top, left;  // source pixel under the first tap at grid pixel (0, 0); may be negative

  std::int64_t pixels() const { return images * grid_height * grid_width; }
  std::int64_t depth() const { return taps_height * taps_width * channels; }
  /// True where a kernel row is one contiguous run of the source; otherwise each tap is one.
  bool has_long_runs() const { return dilation == 1 && channels == pitch; }
  /// True where A is the source itself, with `pitch` floats a row.
  bool is_source() const {
    return taps_height == 1 && taps_width == 1 && step == 1 && top == 0 && left == 0 && grid_height == height &&
           grid_width == width;
  }
};

/// A pixel of the grid and its successors, image by image, row by row.
struct GridPixel {
  std::int64_t image, row, column;
  GridPixel(const Window& w, std::int64_t index)
      : image(index / (w.grid_width * w.grid_height)),
        row(index / w.grid_width % w.grid_height),
        column(index % w.grid_width) {}
  void advance(const Window& w) {
    if (++column < w.grid_width) return;
    column = 0;
    if (++row < w.grid_height) return;
    row = 0;
    ++image;
  }
};

constexpr std::int64_t kGatherSlack = 16;

/// Writes rows [first, first + count) of A, of each the columns [begin, end), to `to` with `stride` floats a row. Up to
/// kGatherSlack floats behind each row are overwritten if a contiguous run of the source is no longer than 64.
void gather(const Window& window, std::int64_t first, std::int64_t count, std::int64_t begin, std::int64_t end,
            float* to, std::int64_t stride);

}  // namespace s4l::cpu
