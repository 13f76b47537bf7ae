#include "s4l/core/ops/squared_error.h"

#include <catch2/catch.hpp>

#include "s4l/tests/support/near.h"
#include "s4l/tests/support/op_case.h"

using namespace s4l;
using namespace s4l::test;

TEST_CASE("squared_error is the mean square of the difference, with a gradient for the first alone") {
  const Tensor x = from_values(std::vector<float>{1, 2}, {2}), t = from_values(std::vector<float>{3, 1}, {2});
  check_near(squared_error(x, t), {2.5}, 0, 0);
  for (std::int64_t n : {0, 1, 31, 33, 1025})
    check_op({.name = "squared_error " + std::to_string(n),
              .inputs = {random_tensor({n}, DType::f64, 3), random_tensor({n}, DType::f64, 4)},
              .wants_grad = {true, false},
              .forward = [](const auto& in) { return squared_error(in[0], in[1]); },
              .reference =
                  [](const auto& in) {
                    const auto a = doubles(in[0]), b = doubles(in[1]);
                    double sum = 0;
                    for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
                    return std::vector<double>{a.empty() ? 0 : sum / static_cast<double>(a.size())};
                  }});
}

TEST_CASE("squared_error names shapes that differ") {
  CHECK_THROWS_WITH(squared_error(zeros({2}), zeros({3})), Catch::Contains("(2)") && Catch::Contains("(3)"));
}
