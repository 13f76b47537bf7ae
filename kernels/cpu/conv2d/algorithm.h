#pragma once
#include "s4l/core/ops/conv2d.h"

namespace s4l::cpu {

enum class Algorithm { panels, winograd };
enum class Direction { forward, backward_data, backward_weight };

/// How x * w = y is computed in `direction`: a function of the shapes alone, so that runs repeat.
Algorithm algorithm_of(Direction direction, const Shape& x, const Shape& w, const Shape& y,
                       const Conv2dOptions& options);

/// Lets every convolution that `algorithm` can compute be computed by it, while it lives: for tests and benchmarks.
class ForceAlgorithm {
 public:
  explicit ForceAlgorithm(Algorithm algorithm);
  ~ForceAlgorithm();
  ForceAlgorithm(const ForceAlgorithm&) = delete;
  ForceAlgorithm& operator=(const ForceAlgorithm&) = delete;
};

}  // namespace s4l::cpu
