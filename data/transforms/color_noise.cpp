#include <algorithm>
#include <cmath>

#include "s4l/data/transforms/operations.h"

namespace s4l::data {
namespace {

/// Replaces each pixel by to(r, g, b), all from 0 to 1.
template <class To>
Image map_pixels(Image image, const To& to) {
  for (auto pixel = image.pixels.begin(); pixel != image.pixels.end(); pixel += 3) {
    const auto rgb =
        to(static_cast<float>(pixel[0]) / 255, static_cast<float>(pixel[1]) / 255, static_cast<float>(pixel[2]) / 255);
    std::transform(rgb.begin(), rgb.end(), pixel,
                   [](float c) { return static_cast<std::uint8_t>(std::clamp(255 * c + 0.5f, 0.0f, 255.0f)); });
  }
  return image;
}

}  // namespace

HsvNoise draw_hsv_noise(Rng& rng) {
  HsvNoise noise;
  const auto power_of_two = [&](float most) { return std::exp2(rng.uniform(-most, most)); };
  noise.hue = rng.uniform(-0.1f, 0.1f);
  noise.s_power = power_of_two(2);
  noise.s_gain = power_of_two(0.5f);
  noise.s_offset = rng.uniform(-0.1f, 0.1f);
  noise.v_power = power_of_two(2);
  noise.v_gain = power_of_two(0.5f);
  noise.v_offset = rng.uniform(-0.1f, 0.1f);
  return noise;
}

Image hsv_noise(const Image& image, const HsvNoise& noise) {
  return map_pixels(image, [&](float r, float g, float b) { return with_hsv_noise(r, g, b, noise); });
}

Image brightness_saturation(const Image& image, Rng& rng) {
  const float brighter = rng.uniform(-32 / 255.f, 32 / 255.f), more_saturated = rng.uniform(0.5f, 1.5f);
  return map_pixels(image, [=](float r, float g, float b) {
    r += brighter, g += brighter, b += brighter;  // not clipped: only the result is
    const float value = std::max({r, g, b}), range = value - std::min({r, g, b});
    const float factor = range > 0 ? std::min(more_saturated, std::max(value, 0.0f) / range) : 1;  // saturation <= 1
    const auto stretch = [=](float c) { return value - (value - c) * factor; };
    return std::array{stretch(r), stretch(g), stretch(b)};
  });
}

Image to_gray(const Image& image) {
  return map_pixels(image, [](float r, float g, float b) {
    const float mean = (r + g + b) / 3;
    return std::array{mean, mean, mean};
  });
}

}  // namespace s4l::data
