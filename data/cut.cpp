#include "s4l/data/cut.h"

#include <algorithm>

#include "s4l/core/error.h"

namespace s4l::data {
namespace {

template <class Level>
BasicImage<Level> part(const BasicImage<Level>& image, Box box) {
  check(box.top >= 0 && box.left >= 0 && box.height >= 0 && box.width >= 0 && box.height <= image.height - box.top &&
            box.width <= image.width - box.left,
        "cut: expected a box inside {}x{} pixels, got {}x{} at ({}, {})", image.height, image.width, box.height,
        box.width, box.top, box.left);
  BasicImage<Level> out(box.height, box.width, image.channels);
  for (int row = 0; row < box.height; ++row)
    std::copy_n(image.at(box.top + row, box.left), box.width * image.channels, out.at(row, 0));
  return out;
}

}  // namespace

Image cut(const Image& image, Box box) { return part(image, box); }
ExactImage cut(const ExactImage& image, Box box) { return part(image, box); }

}  // namespace s4l::data
