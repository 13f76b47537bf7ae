#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace s4l::data {

struct Size {
  int height = 0, width = 0;
  friend bool operator==(const Size&, const Size&) = default;
};

/// A rectangle of pixels: rows [top, top + height), columns [left, left + width).
struct Box {
  int top = 0, left = 0, height = 0, width = 0;
};

/// An upright picture, rows top to bottom, (height, width, channels) levels from 0 to 255; channels is 3 (RGB).
template <class Level>
struct BasicImage {
  std::vector<Level> pixels;
  int height = 0, width = 0, channels = 3;

  BasicImage() = default;
  BasicImage(int h, int w, int c = 3)
      : pixels(static_cast<std::size_t>(h) * static_cast<std::size_t>(w) * static_cast<std::size_t>(c)),
        height(h),
        width(w),
        channels(c) {}

  Level* at(int row, int column) {
    return pixels.data() + (static_cast<std::ptrdiff_t>(row) * width + column) * channels;
  }
  const Level* at(int row, int column) const {
    return pixels.data() + (static_cast<std::ptrdiff_t>(row) * width + column) * channels;
  }
};

using Image = BasicImage<std::uint8_t>;
/// With levels that nobody has rounded.
using ExactImage = BasicImage<float>;

}  // namespace s4l::data
