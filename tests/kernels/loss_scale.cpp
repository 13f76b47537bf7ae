#include "s4l/core/ops/loss_scale.h"

#include <catch2/catch.hpp>
#include <limits>

#include "s4l/tests/kernels/device_case.h"

using namespace s4l;
using namespace s4l::test;

namespace {

struct Case {
  std::int64_t n;
  std::vector<double> state;  ///< before
  std::vector<double> next;   ///< the state after
  std::int64_t bad = -1;      ///< where the gradient has `value`; -1: nowhere
  double value = std::numeric_limits<double>::infinity();
  DType dtype = DType::f32;
  bool aligned = true;
};

void check_case(const Case& c) {
  INFO(c.n << " elements in " << to_text(c.dtype) << ", " << c.value << " at " << c.bad);
  auto gradient = rounded_to(c.dtype, normals(c.n, 66));
  if (c.bad >= 0) gradient[static_cast<std::size_t>(c.bad)] = c.value;
  Wanted unscaled{gradient, 0, 0}, state{c.next, 0, 0};
  for (double& g : unscaled.values) g /= c.state[0];
  check_on_device(
      [&] {
        const Tensor g = (c.aligned ? on_device : on_device_unaligned)(gradient, {c.n}, c.dtype);
        const Tensor s = on_device(c.state, {3}, DType::f32);
        kernel::unscale(g, s, LossScaling{.growth = 2, .backoff = 0.5, .interval = 3, .largest = 4096});
        return std::vector<Tensor>{g, s};
      },
      {unscaled, state});
}

}  // namespace

TEST_CASE("unscale on the device divides by the scale and finds the number that is not finite, wherever it is") {
  for (const std::int64_t n : {0, 1, 31, 33, 1025, 5003}) check_case({n, {1024, 1, 0}, {1024, 2, 1}});
  for (const double value : {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(),
                             std::numeric_limits<double>::quiet_NaN()})
    for (const std::int64_t bad : {0, 700, 1022, 1024}) check_case({1025, {1024, 2, 1}, {512, 0, 0}, bad, value});
  check_case({65, {1024, 2, 1}, {512, 0, 0}, 64, std::numeric_limits<double>::infinity(), DType::f64});
  check_case({33, {1024, 0, 1}, {512, 0, 0}, 32, std::numeric_limits<double>::infinity(), DType::f32, false});
}

TEST_CASE("unscale on the device lets the scale grow after enough finite gradients, up to its largest") {
  check_case({33, {1024, 2, 1}, {2048, 0, 1}});
  check_case({33, {4096, 2, 0}, {4096, 0, 1}});
  check_case({33, {1, 2, 0}, {1, 0, 0}, 7});
  check_case({33, {4096, 0, 0}, {4096, 1, 1}, -1, 0, DType::f64});
}
