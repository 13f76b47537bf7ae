#include "s4l/core/ops/loss_scale.h"

#include <catch2/catch.hpp>
#include <limits>

#include "s4l/core/ops/cast.h"
#include "s4l/tests/support/near.h"
#include "s4l/tests/support/op_case.h"

using namespace s4l;
using namespace s4l::test;

TEST_CASE("unscale_ halves the scale after a gradient that is not finite and doubles it after enough that are") {
  KernelsUnderTest kernels;
  const double infinity = std::numeric_limits<double>::infinity();
  for (const Device& device : devices())
    for (const DType type : {DType::f32, DType::f64}) {
      INFO(to_text(type) << " on " << to_text(device));
      const Tensor state = from_values(std::vector<float>{8, 0, 1}, {3}, device);
      const auto step = [&](std::int64_t n, std::int64_t place, double value) {
        std::vector<double> numbers(static_cast<std::size_t>(n), 4);
        if (n > 0) numbers[static_cast<std::size_t>(place)] = value;
        const Tensor gradient = cast(from_values(numbers, {n}, device), type);
        unscale_(gradient, state, {.interval = 2, .largest = 16});
        return doubles(gradient);
      };
      CHECK(step(3, 1, -16) == std::vector<double>{0.5, -2, 0.5});
      check_near(state, {8, 1, 1}, 0, 0);
      CHECK(step(40000, 39999, infinity)[39999] == infinity);
      check_near(state, {4, 0, 0}, 0, 0);
      CHECK(step(1, 0, std::numeric_limits<double>::quiet_NaN()).size() == 1);
      check_near(state, {2, 0, 0}, 0, 0);
      for (const double scale : {2, 4, 4, 8, 8, 16, 16, 16}) {
        step(33, 0, 1);
        CHECK(doubles(state)[0] == scale);
      }
      CHECK(step(0, 0, 0).empty());
      check_near(state, {16, 1, 1}, 0, 0);
    }
  kernels.mark_compared();
}

TEST_CASE("unscale_ leaves the scale at its smallest, from which it can grow again") {
  for (const Device& device : devices()) {
    INFO(to_text(device));
    const Tensor state = from_values(std::vector<float>{2, 0, 1}, {3}, device);
    const auto after = [&](float gradient) {
      unscale_(from_values(std::vector<float>{gradient}, {1}, device), state, {.interval = 1});
      return doubles(state)[0];
    };
    for (int step = 0; step < 200; ++step) CHECK(after(std::numeric_limits<float>::infinity()) == 1);
    CHECK(after(1) == 2);
  }
}

TEST_CASE("unscale_ names a state and factors that are none") {
  const Tensor g = zeros({3});
  CHECK_THROWS_WITH(unscale_(g, zeros({2})), Catch::Contains("(2)"));
  CHECK_THROWS_WITH(unscale_(g, zeros({3}), {.backoff = 1}), Catch::Contains("backoff"));
  CHECK_THROWS_WITH(unscale_(g, zeros({3}), {.smallest = 0}), Catch::Contains("bounds above 0"));
}
