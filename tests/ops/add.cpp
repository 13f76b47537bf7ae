#include "s4l/core/ops/add.h"

#include <catch2/catch.hpp>

#include "s4l/core/ops/update.h"
#include "s4l/core/ops/view.h"
#include "s4l/tests/support/near.h"
#include "s4l/tests/support/op_case.h"

using namespace s4l;
using namespace s4l::test;

TEST_CASE("add and scale compute elementwise and send the gradient to every input") {
  for (std::int64_t n : {0, 1, 31, 33, 1025, 40000}) {
    check_op({.name = "add",
              .inputs = {random_tensor({n}, DType::f64, 1), random_tensor({n}, DType::f64, 2)},
              .wants_grad = {},
              .forward = [](const auto& in) { return add(in[0], in[1]); },
              .reference =
                  [](const auto& in) {
                    auto a = doubles(in[0]);
                    const auto b = doubles(in[1]);
                    for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
                    return a;
                  }});
    check_op({.name = "scale",
              .inputs = {random_tensor({n}, DType::f64, 3)},
              .wants_grad = {},
              .forward = [](const auto& in) { return scale(in[0], -1.5); },
              .reference =
                  [](const auto& in) {
                    auto a = doubles(in[0]);
                    for (double& value : a) value *= -1.5;
                    return a;
                  }});
  }
}

TEST_CASE("add refuses different shapes and names both") {
  REQUIRE_THROWS_WITH(add(zeros({2, 3}), zeros({3, 2})), Catch::Contains("(2, 3)") && Catch::Contains("(3, 2)"));
}

TEST_CASE("rows, reshape and concat are the numbers they name, with gradients") {
  const Tensor x = random_tensor({5, 4}, DType::f64, 4);
  check_op({.name = "views",
            .inputs = {x, random_tensor({2, 4}, DType::f64, 5)},
            .wants_grad = {},
            .forward =
                [](const auto& in) {
                  return reshape(concat({rows(in[0], 1, 4), in[1], rows(in[0], 0, 2)}), {-1, 2});
                },
            .reference =
                [](const auto& in) {
                  const auto a = doubles(in[0]), b = doubles(in[1]);
                  std::vector<double> y(a.begin() + 4, a.begin() + 16);
                  y.insert(y.end(), b.begin(), b.end());
                  y.insert(y.end(), a.begin(), a.begin() + 8);
                  return y;
                }});
}

TEST_CASE("concat takes more parts than one step of the tape has inputs") {
  std::vector<Tensor> parts;
  std::vector<double> expected;
  for (int i = 0; i < 130; ++i) {
    parts.push_back(full({1, 2}, i, DType::f64).set_requires_grad(true));
    expected.insert(expected.end(), {double(i), double(i)});
  }
  const Tensor y = concat(parts);
  check_near(y, expected, 0, 0);
  const Tensor loss = record("pick", full({}, 0, DType::f64), {y}, [](const Tensor&, Needs) {
    return Grads{full({130, 2}, 3.0, DType::f64)};
  });
  backward(loss);
  check_near(parts[129].grad(), {3, 3}, 0, 0);
}

TEST_CASE("an input used twice gets the sum of both gradients, and a passed-on gradient is not overwritten") {
  Tensor a = full({3}, 2.0, DType::f64), b = full({3}, 1.0, DType::f64);
  a.set_requires_grad(true);
  b.set_requires_grad(true);
  const Tensor s = add(a, b);  // sends one and the same gradient tensor to a and b
  const Tensor t = add(s, scale(s, 2.0));
  const Tensor u = add(t, a);
  const Tensor w = from_values(std::vector<double>{1, 1, 1}, {3});
  const Tensor loss = record("sum", full({}, 0, DType::f64), {u}, [w](const Tensor&, Needs) { return Grads{w}; });
  backward(loss);
  check_near(a.grad(), {4, 4, 4}, 0, 0);
  check_near(b.grad(), {3, 3, 3}, 0, 0);
  check_near(w, {1, 1, 1}, 0, 0);
}

TEST_CASE("scale_by multiplies by a number on the device") {
  const Tensor factor = full({1}, -2.5, DType::f64);
  check_op({.name = "scale_by",
            .inputs = {random_tensor({33}, DType::f64, 8), factor},
            .wants_grad = {true, false},
            .forward = [](const auto& in) { return scale_by(in[0], in[1]); },
            .reference =
                [](const auto& in) {
                  auto y = doubles(in[0]);
                  for (double& value : y) value *= -2.5;
                  return y;
                }});
  CHECK_THROWS_WITH(scale_by(zeros({3}), zeros({2})), Catch::Contains("(2)"));
}
