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

/// An upright picture, rows top to bottom, (height, width, channels) bytes; channels is 3 (RGB).
struct Image {
  std::vector<std::uint8_t> pixels;
  int height = 0, width = 0, channels = 3;

  Image() = default;
  Image(int h, int w, int c = 3)
      : pixels(static_cast<std::size_t>(h) * static_cast<std::size_t>(w) * static_cast<std::size_t>(c)),
        height(h),
        width(w),
        channels(c) {}

  std::uint8_t* at(int row, int column) {
    return pixels.data() + (static_cast<std::ptrdiff_t>(row) * width + column) * channels;
  }
  const std::uint8_t* at(int row, int column) const {
    return pixels.data() + (static_cast<std::ptrdiff_t>(row) * width + column) * channels;
  }
};

}  // namespace s4l::data
