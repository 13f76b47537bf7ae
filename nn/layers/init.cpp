#include "s4l/nn/layers/init.h"

#include <algorithm>
#include <cmath>

namespace s4l::nn {

Parameter glorot_kernel(Shape shape, Rng& rng) {
  std::int64_t taps = 1;
  for (int axis = 1; axis < shape.rank - 1; ++axis) taps *= shape[axis];
  const auto fans = static_cast<double>(taps * (shape[0] + shape.last()));
  const auto limit = static_cast<float>(std::sqrt(6 / fans));
  std::vector<float> values(static_cast<std::size_t>(shape.numel()));
  std::generate(values.begin(), values.end(), [&] { return rng.uniform(-limit, limit); });
  Parameter kernel{from_values(values, shape)};
  kernel.value.set_requires_grad(true);
  return kernel;
}

Parameter constant(Shape shape, double value, bool decay) {
  Parameter parameter{full(shape, value), decay};
  parameter.value.set_requires_grad(true);
  return parameter;
}

}  // namespace s4l::nn
