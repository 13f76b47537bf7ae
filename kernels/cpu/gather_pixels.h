#pragma once
#include <cstdint>

namespace s4l::cpu {

/// Writes columns [begin, end) of a picture of h rows and w columns of bytes R, G, B, each as a row of h pixels.
void transpose_pixels(const std::uint8_t* picture, std::int64_t h, std::int64_t w, std::int64_t begin, std::int64_t end,
                      std::uint8_t* to);

/// Writes so many pixels, the last first.
void reverse_pixels(const std::uint8_t* from, std::int64_t count, std::uint8_t* to);

}  // namespace s4l::cpu
