#include "s4l/kernels/cpu/conv2d/algorithm.h"

#include <algorithm>
#include <atomic>

#include "s4l/kernels/cpu/conv2d/winograd.h"

namespace s4l::cpu {
namespace {

/// Where Winograd's F(4x4, 3x3) was measured to be faster than panels: all of a row must hold.
struct Rule {
  Direction direction;
  std::int64_t min_channels;  // and outputs
  std::int64_t min_tiles;     // of 4x4 outputs, in the batch
  double min_filled;          // share of the tiles' area that is output
};

constexpr Rule kWinogradPays[] = {
    {Direction::forward, 16, 24, 0.5},
    {Direction::backward_data, 16, 24, 0.5},
    {Direction::backward_weight, 16, 24, 0.5},
};

enum class Forced { no, panels, winograd };
std::atomic<Forced> forced = Forced::no;

bool winograd_can(const Shape& x, const Shape& w, const Conv2dOptions& o) {
  return w[1] == 3 && w[2] == 3 && o.stride == 1 && o.dilation == 1 && o.groups == 1 && x[0] > 0 &&
         std::min(x[3], w[0]) >= Winograd::kMinChannels;
}

bool winograd_pays(const Rule& rule, const Shape& x, const Shape& y) {
  const Shape& tiled = rule.direction == Direction::backward_data ? x : y;
  const std::int64_t rows = (tiled[1] + 3) / 4, columns = (tiled[2] + 3) / 4;
  const double filled = static_cast<double>(tiled[1] * tiled[2]) / static_cast<double>(16 * rows * columns);
  return std::min(x[3], y[3]) >= rule.min_channels && tiled[0] * rows * columns >= rule.min_tiles &&
         filled >= rule.min_filled;
}

}  // namespace

Algorithm algorithm_of(Direction direction, const Shape& x, const Shape& w, const Shape& y,
                       const Conv2dOptions& options) {
  if (!winograd_can(x, w, options) || forced == Forced::panels) return Algorithm::panels;
  if (forced == Forced::winograd) return Algorithm::winograd;
  const bool pays = std::any_of(std::begin(kWinogradPays), std::end(kWinogradPays), [&](const Rule& rule) {
    return rule.direction == direction && winograd_pays(rule, x, y);
  });
  return pays ? Algorithm::winograd : Algorithm::panels;
}

ForceAlgorithm::ForceAlgorithm(Algorithm algorithm) {
  forced = algorithm == Algorithm::winograd ? Forced::winograd : Forced::panels;
}
ForceAlgorithm::~ForceAlgorithm() { forced = Forced::no; }

}  // namespace s4l::cpu
