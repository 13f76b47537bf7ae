#include <algorithm>

#include "s4l/data/transforms/grey.h"
#include "s4l/data/transforms/operations.h"

namespace s4l::data {

template <class Level>
BasicImage<Level> cutout(const BasicImage<Level>& image, double fraction, Rng& rng) {
  const int half = static_cast<int>(fraction * std::min(image.height, image.width)) / 2;
  const int y = static_cast<int>(rng.below(image.height)), x = static_cast<int>(rng.below(image.width));
  const int left = std::max(0, x - half), right = std::min(image.width, x + half);
  BasicImage<Level> out = image;
  for (int row = std::max(0, y - half); row < std::min(image.height, y + half); ++row)
    std::fill(out.at(row, left), out.at(row, left) + 3 * (right - left), Level{kGrey});
  return out;
}

template Image cutout(const Image&, double, Rng&);
template ExactImage cutout(const ExactImage&, double, Rng&);

}  // namespace s4l::data
