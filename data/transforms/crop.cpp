#include "s4l/core/error.h"
#include "s4l/data/cut.h"
#include "s4l/data/transforms/operations.h"

namespace s4l::data {
namespace {

void check_fits(const Image& image, Size size) {
  if (size.height > image.height || size.width > image.width)
    fail(ErrorKind::data, "crop: expected a picture of at least {}x{}, got {}x{}", size.height, size.width,
         image.height, image.width);
}

}  // namespace

Image random_crop(const Image& image, Size size, Rng& rng) {
  check_fits(image, size);
  const int top = static_cast<int>(rng.below(image.height - size.height + 1));
  const int left = static_cast<int>(rng.below(image.width - size.width + 1));
  return cut(image, {top, left, size.height, size.width});
}

Image central_crop(const Image& image, Size size) {
  check_fits(image, size);
  const int top = (image.height - size.height) / 2, left = (image.width - size.width) / 2;
  return cut(image, {top, left, size.height, size.width});
}

}  // namespace s4l::data
