#include "s4l/core/ops/linear.h"

#include <catch2/catch.hpp>

#include "s4l/tests/support/near.h"
#include "s4l/tests/support/op_case.h"

using namespace s4l;
using namespace s4l::test;

namespace {

std::vector<double> by_definition(const std::vector<Tensor>& in) {
  const std::int64_t features = in[0].shape()[1], outputs = in[1].shape()[0];
  const auto x = doubles(in[0]), w = doubles(in[1]);
  const auto b = in.size() > 2 ? doubles(in[2]) : std::vector<double>(static_cast<std::size_t>(outputs));
  std::vector<double> y;
  for (std::int64_t n = 0; n < in[0].shape()[0]; ++n)
    for (std::int64_t k = 0; k < outputs; ++k) {
      double sum = b[static_cast<std::size_t>(k)];
      for (std::int64_t f = 0; f < features; ++f)
        sum += x[static_cast<std::size_t>(n * features + f)] * w[static_cast<std::size_t>(k * features + f)];
      y.push_back(sum);
    }
  return y;
}

}  // namespace

TEST_CASE("linear is x w^T + b with its three gradients, for awkward sizes") {
  struct Size {
    std::int64_t rows, features, outputs;
  };
  for (const auto& [rows, features, outputs] :
       std::vector<Size>{{1, 1, 1}, {0, 8, 4}, {31, 33, 10}, {64, 128, 10}, {33, 1025, 31}, {5, 64, 130}}) {
    INFO(rows << " x " << features << " -> " << outputs);
    check_op({.name = "linear",
              .inputs = {random_tensor({rows, features}, DType::f64, 1),
                         random_tensor({outputs, features}, DType::f64, 2), random_tensor({outputs}, DType::f64, 3)},
              .wants_grad = {},
              .forward = [](const auto& in) { return linear(in[0], in[1], in[2]); },
              .reference = by_definition,
              .tolerance = 5e-6});
  }
  check_op({.name = "linear without b",
            .inputs = {random_tensor({7, 20}, DType::f64, 1), random_tensor({4, 20}, DType::f64, 2)},
            .wants_grad = {},
            .forward = [](const auto& in) { return linear(in[0], in[1]); },
            .reference = by_definition,
            .tolerance = 5e-6});
}

TEST_CASE("linear refuses shapes that do not fit and names them") {
  REQUIRE_THROWS_WITH(linear(zeros({2, 3}), zeros({4, 5})), Catch::Contains("(2, 3)") && Catch::Contains("(4, 5)"));
  REQUIRE_THROWS_WITH(linear(zeros({2, 3}), zeros({4, 3}), zeros({3})),
                      Catch::Contains("(4)") && Catch::Contains("(3)"));
}
