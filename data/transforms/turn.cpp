#include <algorithm>

#include "s4l/core/error.h"
#include "s4l/data/transforms/operations.h"

namespace s4l::data {
namespace {

/// A picture of the same size whose pixel (y, x) is `image` at from(y, x), given as {row, column}.
template <class Level, class From>
BasicImage<Level> rearranged(const BasicImage<Level>& image, const From& from) {
  BasicImage<Level> out(image.height, image.width);
  for (int y = 0; y < out.height; ++y)
    for (int x = 0; x < out.width; ++x) {
      const auto [row, column] = from(y, x);
      std::copy_n(image.at(row, column), 3, out.at(y, x));
    }
  return out;
}

}  // namespace

template <class Level>
BasicImage<Level> mirror(const BasicImage<Level>& image) {
  return rearranged(image, [last = image.width - 1](int y, int x) { return std::pair{y, last - x}; });
}

template <class Level>
std::array<BasicImage<Level>, 4> rotations(const BasicImage<Level>& image) {
  if (image.height != image.width)
    fail(ErrorKind::data, "rotate: expected a square picture, got {}x{}", image.height, image.width);
  const int last = image.height - 1;
  return {image,
          rearranged(image,
                     [last](int i, int j) {
                       return std::pair{j, last - i};
                     }),
          rearranged(image,
                     [last](int i, int j) {
                       return std::pair{last - i, last - j};
                     }),
          rearranged(image, [last](int i, int j) {
            return std::pair{last - j, i};
          })};
}

template Image mirror(const Image&);
template ExactImage mirror(const ExactImage&);
template std::array<Image, 4> rotations(const Image&);
template std::array<ExactImage, 4> rotations(const ExactImage&);

}  // namespace s4l::data
