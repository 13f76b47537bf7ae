// The sampling law of TensorFlow's sample_distorted_bounding_box as the original program calls it (spec 5.4): the
// crop's height and its ratio of width to height are uniform, its area is not.
#include <algorithm>
#include <cmath>

#include "s4l/data/transforms/operations.h"

namespace s4l::data {
namespace {

constexpr float kLeastRatio = 0.75f, kMostRatio = 1.33f;
constexpr float kLeastArea = 0.05f;    // of the picture, when a height is drawn
constexpr double kLeastCovered = 0.1;  // of the picture, or the crop is drawn again
constexpr int kAttempts = 100;

int rounded(float value) { return static_cast<int>(std::lrint(value)); }

/// Height and width of a crop of `ratio`, or {0, 0} where none fits.
Size draw_size(Size picture, float ratio, Rng& rng) {
  const auto height = static_cast<float>(picture.height), width = static_cast<float>(picture.width);
  const float most_area = width * height, least_area = kLeastArea * width * height;
  int highest = rounded(std::sqrt(most_area / ratio));
  if (rounded(static_cast<float>(highest) * ratio) > picture.width) {
    highest = static_cast<int>((static_cast<double>(width) + 0.5 - 1e-7) / static_cast<double>(ratio));
    if (rounded(static_cast<float>(highest) * ratio) > picture.width) --highest;
  }
  highest = std::min(highest, picture.height);
  Size crop;
  const int lowest = std::min(highest, rounded(std::sqrt(least_area / ratio)));
  const auto set_height = [&](int h) { crop = {h, rounded(static_cast<float>(h) * ratio)}; };
  const auto area = [&] { return static_cast<float>(crop.height) * static_cast<float>(crop.width); };
  set_height(lowest + static_cast<int>(rng.below(highest - lowest + 1)));
  if (area() < least_area) set_height(crop.height + 1);
  if (area() > most_area) set_height(crop.height - 1);
  const bool fits = crop.height > 0 && crop.width > 0 && crop.height <= picture.height && crop.width <= picture.width &&
                    area() >= least_area && area() <= most_area;
  return fits ? crop : Size{};
}

}  // namespace

Box draw_inception_crop(Size picture, Rng& rng) {
  const double least = kLeastCovered * picture.height * picture.width;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const Size crop = draw_size(picture, rng.uniform(kLeastRatio, kMostRatio), rng);
    if (crop.height == 0) continue;
    const auto place = [&](int room) { return room == 0 ? 0 : static_cast<int>(rng.below(room)); };  // never the last
    const int top = place(picture.height - crop.height), left = place(picture.width - crop.width);
    if (static_cast<double>(crop.height) * crop.width >= least) return {top, left, crop.height, crop.width};
  }
  return {0, 0, picture.height, picture.width};
}

}  // namespace s4l::data
