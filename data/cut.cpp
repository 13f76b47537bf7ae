#include "s4l/data/cut.h"

#include <algorithm>

#include "s4l/core/error.h"

namespace s4l::data {

Image cut(const Image& image, Box box) {
  check(box.top >= 0 && box.left >= 0 && box.height >= 0 && box.width >= 0 && box.height <= image.height - box.top &&
            box.width <= image.width - box.left,
        "cut: expected a box inside {}x{} pixels, got {}x{} at ({}, {})", image.height, image.width, box.height,
        box.width, box.top, box.left);
  Image out(box.height, box.width, image.channels);
  for (int row = 0; row < box.height; ++row)
    std::copy_n(image.at(box.top + row, box.left), box.width * image.channels, out.at(row, 0));
  return out;
}

}  // namespace s4l::data
