#include "s4l/core/error.h"
#include "s4l/data/transforms/operations.h"

namespace s4l::data {
namespace {

/// Rows and columns that a crop leaves over.
Size room(Size picture, Size crop) {
  if (crop.height > picture.height || crop.width > picture.width)
    fail(ErrorKind::data, "crop: expected a picture of at least {}x{}, got {}x{}", crop.height, crop.width,
         picture.height, picture.width);
  return {picture.height - crop.height, picture.width - crop.width};
}

}  // namespace

Box draw_crop(Size picture, Size crop, Rng& rng) {
  const Size left_over = room(picture, crop);
  const int top = static_cast<int>(rng.below(left_over.height + 1));
  const int left = static_cast<int>(rng.below(left_over.width + 1));
  return {top, left, crop.height, crop.width};
}

Box central_crop(Size picture, Size crop) {
  const Size left_over = room(picture, crop);
  return {left_over.height / 2, left_over.width / 2, crop.height, crop.width};
}

std::array<Box, 5> five_crops(Size picture, Size crop) {
  const auto [bottom, right] = room(picture, crop);
  const auto at = [&](int top, int left) { return Box{top, left, crop.height, crop.width}; };
  return {central_crop(picture, crop), at(0, 0), at(0, right), at(bottom, 0), at(bottom, right)};
}

}  // namespace s4l::data
