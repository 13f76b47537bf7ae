#include <algorithm>
#include <cmath>

#include "s4l/data/transforms/operations.h"

namespace s4l::data {
namespace {

void set_level(float c, std::uint8_t& level) {
  level = static_cast<std::uint8_t>(std::clamp(255 * c + 0.5f, 0.0f, 255.0f));
}
void set_level(float c, float& level) { level = std::clamp(255 * c, 0.0f, 255.0f); }

/// Replaces each pixel by to(r, g, b), all from 0 to 1.
template <class Level, class To>
BasicImage<Level> map_pixels(BasicImage<Level> image, const To& to) {
  for (auto pixel = image.pixels.begin(); pixel != image.pixels.end(); pixel += 3) {
    const auto rgb =
        to(static_cast<float>(pixel[0]) / 255, static_cast<float>(pixel[1]) / 255, static_cast<float>(pixel[2]) / 255);
    for (std::size_t c = 0; c < 3; ++c) set_level(rgb[c], pixel[static_cast<std::ptrdiff_t>(c)]);
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

template <class Level>
BasicImage<Level> hsv_noise(const BasicImage<Level>& image, const HsvNoise& noise) {
  return map_pixels(image, [&](float r, float g, float b) { return with_hsv_noise(r, g, b, noise); });
}

template <class Level>
BasicImage<Level> brightness_saturation(const BasicImage<Level>& image, Rng& rng) {
  const float brighter = rng.uniform(-32 / 255.f, 32 / 255.f), more_saturated = rng.uniform(0.5f, 1.5f);
  return map_pixels(image, [=](float r, float g, float b) {
    r += brighter, g += brighter, b += brighter;  // not clipped: only the result is
    const float value = std::max({r, g, b}), range = value - std::min({r, g, b});
    const float factor = range > 0 ? std::min(more_saturated, std::max(value, 0.0f) / range) : 1;  // saturation <= 1
    const auto stretch = [=](float c) { return value - (value - c) * factor; };
    return std::array{stretch(r), stretch(g), stretch(b)};
  });
}

template <class Level>
BasicImage<Level> to_gray(const BasicImage<Level>& image) {
  return map_pixels(image, [](float r, float g, float b) {
    const float mean = (r + g + b) / 3;
    return std::array{mean, mean, mean};
  });
}

template Image hsv_noise(const Image&, const HsvNoise&);
template ExactImage hsv_noise(const ExactImage&, const HsvNoise&);
template Image brightness_saturation(const Image&, Rng&);
template ExactImage brightness_saturation(const ExactImage&, Rng&);
template Image to_gray(const Image&);
template ExactImage to_gray(const ExactImage&);

}  // namespace s4l::data
