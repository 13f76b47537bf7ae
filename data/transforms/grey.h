#pragma once
#include <cstdint>

namespace s4l::data {

/// The level nearest below 0 after -1_to_1: shown where a picture was cut out or moved away.
constexpr std::uint8_t kGrey = 127;

/// ITU-R 601 luma of an RGB pixel in 16-bit fixed point, rounded.
inline std::uint8_t luma(const std::uint8_t* rgb) {
  return static_cast<std::uint8_t>((rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16);
}

}  // namespace s4l::data
