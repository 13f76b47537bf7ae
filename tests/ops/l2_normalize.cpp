#include "s4l/core/ops/l2_normalize.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "s4l/tests/support/near.h"
#include "s4l/tests/support/op_case.h"

using namespace s4l;
using namespace s4l::test;

TEST_CASE("l2_normalize divides each row by its length") {
  check_near(l2_normalize(from_values(std::vector<float>{3, 4, 0, -2}, {2, 2})), {0.6, 0.8, 0, -1}, 1e-6, 0);
  for (const Shape& shape : {Shape{1, 1}, Shape{33, 31}, Shape{3, 1025}, Shape{2, 5, 5, 3}, Shape{0, 4}, Shape{2, 0}})
    check_op({.name = "l2_normalize " + to_text(shape),
              .inputs = {random_tensor(shape, DType::f64, 31)},
              .wants_grad = {},
              .forward = [](const auto& in) { return l2_normalize(in[0]); },
              .reference =
                  [=](const auto& in) {
                    auto y = doubles(in[0]);
                    const std::size_t size = y.empty() ? 1 : y.size() / static_cast<std::size_t>(shape[0]);
                    for (std::size_t row = 0; row < y.size(); row += size) {
                      double squares = 0;
                      for (std::size_t i = 0; i < size; ++i) squares += y[row + i] * y[row + i];
                      for (std::size_t i = 0; i < size; ++i) y[row + i] /= std::sqrt(squares);
                    }
                    return y;
                  }});
}

TEST_CASE("below the floor l2_normalize is linear, so that a zero row stays zero") {
  check_op({.name = "l2_normalize below the floor",
            .inputs = {random_tensor({3, 7}, DType::f64, 32, 0.1)},
            .wants_grad = {},
            .forward = [](const auto& in) { return l2_normalize(in[0], 25); },
            .reference =
                [](const auto& in) {
                  auto y = doubles(in[0]);
                  for (double& value : y) value /= 5;
                  return y;
                }});
  check_near(l2_normalize(zeros({2, 3})), std::vector<double>(6, 0.0), 0, 0);
}

TEST_CASE("l2_normalize does not lose rows whose squares underflow in f32") {
  check_near(l2_normalize(full({1, 4}, 1e-25), 1e-60), {0.5, 0.5, 0.5, 0.5}, 1e-6, 0);
}

TEST_CASE("l2_normalize names what does not fit") {
  CHECK_THROWS_WITH(l2_normalize(zeros({})), Catch::Contains("()"));
  CHECK_THROWS_WITH(l2_normalize(zeros({2, 2}), 0), Catch::Contains("floor"));
}
