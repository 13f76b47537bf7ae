#pragma once
#include <algorithm>
#include <array>
#include <cmath>

namespace s4l {

/// One picture's draws of HSV noise (spec 5.7), as the device reads them; these values change nothing:
///   H <- (1 + H + hue) mod 1,  S <- S^s_power s_gain + s_offset,  V <- V^v_power v_gain + v_offset, clipped to [0, 1].
struct HsvNoise {
  float hue = 0, s_power = 1, s_gain = 1, s_offset = 0, v_power = 1, v_gain = 1, v_offset = 0;
  static constexpr int kNumbers = 7;
};

/// The RGB pixel (each in [0, 1]) with the noise.
template <class T>
std::array<T, 3> with_hsv_noise(T r, T g, T b, const HsvNoise& noise) {
  const auto clip = [](T x) { return std::clamp(x, T{0}, T{1}); };
  const auto curve = [&](T x, float power, float gain, float offset) {
    return clip(std::pow(x, static_cast<T>(power)) * static_cast<T>(gain) + static_cast<T>(offset));
  };
  const T value = std::max({r, g, b}), range = value - std::min({r, g, b});
  const T saturation = value > 0 ? range / value : 0;
  T hue = 0;
  if (range > 0)
    hue = r == value ? (g - b) / (6 * range)
                     : (g == value ? (b - r) / (6 * range) + T{1} / 3 : (r - g) / (6 * range) + T{2} / 3);
  const T h = hue + 1 + static_cast<T>(noise.hue), six = 6 * (h - std::floor(h));
  const T s = curve(saturation, noise.s_power, noise.s_gain, noise.s_offset);
  const T v = curve(value, noise.v_power, noise.v_gain, noise.v_offset);
  const auto channel = [&](T c) { return (1 - s + s * clip(c)) * v; };
  return {channel(std::abs(six - 3) - 1), channel(2 - std::abs(six - 2)), channel(2 - std::abs(six - 4))};
}

}  // namespace s4l
