#include <algorithm>
#include <vector>

#include "s4l/data/transforms/operations.h"

namespace s4l::data {
namespace {

/// The place in [0, n) that a mirror at each border shows at `i`.
int reflected(int i, int n) {
  const int period = std::max(1, 2 * (n - 1));
  const int within = (i % period + period) % period;
  return std::min(within, period - within) % n;
}

std::vector<int> window(int n, int padding, Rng& rng) {
  const int start = static_cast<int>(rng.below(2 * padding + 1)) - padding;
  std::vector<int> places;
  for (int i = 0; i < n; ++i) places.push_back(reflected(start + i, n));
  return places;
}

}  // namespace

template <class Level>
BasicImage<Level> pad_crop(const BasicImage<Level>& image, int padding, Rng& rng) {
  const std::vector<int> rows = window(image.height, padding, rng), columns = window(image.width, padding, rng);
  BasicImage<Level> out(image.height, image.width);
  Level* to = out.pixels.data();
  for (const int y : rows)
    for (const int x : columns) to = std::copy_n(image.at(y, x), 3, to);
  return out;
}

template Image pad_crop(const Image&, int, Rng&);
template ExactImage pad_crop(const ExactImage&, int, Rng&);

}  // namespace s4l::data
