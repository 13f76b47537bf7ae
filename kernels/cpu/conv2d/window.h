#pragma once
#include <cstdint>

namespace s4l::cpu {

/// A convolution read as a matrix product: row m of the matrix A is what the kernel's window sees when it stands
/// on pixel m of a grid. The windows of neighbouring grid pixels lie `step` source pixels apart; what lies
/// outside the source is 0. A kernel row is one contiguous run of the NHWC source.
struct Window {
  const float* source;                        // (images, height, width, channels)
  std::int64_t images, height, width, channels;
  std::int64_t grid_height, grid_width;       // per image
  std::int64_t taps_height, taps_width;       // of the kernel
  std::int64_t step;
  std::int64_t top, left;                     // source pixel under the first tap at grid pixel (0, 0); may be negative

  std::int64_t pixels() const { return images * grid_height * grid_width; }
  std::int64_t depth() const { return taps_height * taps_width * channels; }
  /// True where A is the source itself.
  bool is_source() const {
    return taps_height == 1 && taps_width == 1 && step == 1 && top == 0 && left == 0 && grid_height == height &&
           grid_width == width;
  }
};

/// Writes rows [first, first + count) of A, of each the columns [begin, end), to `to` with `stride` floats a row.
void gather(const Window& window, std::int64_t first, std::int64_t count, std::int64_t begin, std::int64_t end, float* to,
            std::int64_t stride);

}  // namespace s4l::cpu
