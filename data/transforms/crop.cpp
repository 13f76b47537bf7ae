#include <algorithm>

#include "s4l/core/error.h"
#include "s4l/data/transforms/operations.h"

namespace s4l::data {
namespace {

void check_fits(const Image& image, Size size) {
  if (size.height > image.height || size.width > image.width)
    fail(ErrorKind::data, "crop: expected a picture of at least {}x{}, got {}x{}", size.height, size.width,
         image.height, image.width);
}

Image cut(const Image& image, int top, int left, Size size) {
  Image out(size.height, size.width);
  for (int y = 0; y < size.height; ++y)
    std::copy_n(image.at(top + y, left), static_cast<std::ptrdiff_t>(size.width) * 3, out.at(y, 0));
  return out;
}

}  // namespace

Image random_crop(const Image& image, Size size, Rng& rng) {
  check_fits(image, size);
  const int top = static_cast<int>(rng.below(image.height - size.height + 1));
  const int left = static_cast<int>(rng.below(image.width - size.width + 1));
  return cut(image, top, left, size);
}

Image central_crop(const Image& image, Size size) {
  check_fits(image, size);
  return cut(image, (image.height - size.height) / 2, (image.width - size.width) / 2, size);
}

}  // namespace s4l::data
