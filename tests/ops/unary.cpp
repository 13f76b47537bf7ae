#include "s4l/core/ops/unary.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "s4l/tests/support/near.h"
#include "s4l/tests/support/op_case.h"

using namespace s4l;
using namespace s4l::test;

namespace {

struct Unary {
  const char* name;
  Tensor (*op)(const Tensor&);
};
const Unary kOps[] = {
#define S4L_UNARY(name) {#name, s4l::name},
#include "s4l/core/ops/unary.def"
#undef S4L_UNARY
};

/// Positive numbers, the domain that all ops share, and away from the kink of relu; negated where the op allows.
Tensor inputs(std::int64_t n, double sign) {
  Tensor x = random_tensor({n}, DType::f64, 41);
  for (std::int64_t i = 0; i < n; ++i) x.data<double>()[i] = sign * (0.1 + std::abs(x.data<double>()[i]));
  return x;
}

}  // namespace

TEST_CASE("every op of unary.def has the gradient of its values, in f64 and f32") {
  for (const Unary& unary : kOps)
    for (std::int64_t n : {0, 1, 31, 33, 1025, 9000})
      check_op({.name = unary.name,
                .inputs = {inputs(n, 1)},
                .wants_grad = {},
                .forward = [&](const auto& in) { return unary.op(in[0]); },
                .reference = {}});
}

TEST_CASE("the ops of unary.def that take negative numbers have the gradient of their values there") {
  for (const Unary& unary : kOps) {
    if (std::isnan(doubles(unary.op(inputs(1, -1)))[0])) continue;
    check_op({.name = unary.name,
              .inputs = {inputs(33, -1)},
              .wants_grad = {},
              .forward = [&](const auto& in) { return unary.op(in[0]); },
              .reference = {}});
  }
}

TEST_CASE("elementwise ops give the numbers they name") {
  const Tensor x = from_values(std::vector<double>{-2, 0, 0.5, 4}, {4});
  const Tensor positive = from_values(std::vector<double>{1, 2, 10}, {3});
  check_near(relu(x), {0, 0, 0.5, 4}, 0, 0);
  check_near(exp(x), {0.1353352832366127, 1, 1.6487212707001282, 54.598150033144236}, 1e-14, 0);
  check_near(log(positive), {0, 0.6931471805599453, 2.302585092994046}, 1e-14, 0);
  check_near(sqrt(positive), {1, 1.4142135623730951, 3.1622776601683795}, 1e-14, 0);
  check_near(square(x), {4, 0, 0.25, 16}, 0, 0);
  check_near(sigmoid(x), {0.11920292202211755, 0.5, 0.6224593312018546, 0.9820137900379085}, 1e-14, 0);
  check_near(softplus(x), {0.1269280110429725, 0.6931471805599453, 0.9740769841801067, 4.0181499279178094}, 1e-14, 0);
}

TEST_CASE("softplus and sigmoid do not overflow, and relu keeps a NaN") {
  const Tensor x = from_values(std::vector<float>{-1000, 1000}, {2});
  check_near(softplus(x), {0, 1000}, 0, 0);
  check_near(sigmoid(x), {0, 1}, 0, 0);
  CHECK(std::isnan(doubles(relu(full({1}, std::numeric_limits<double>::quiet_NaN())))[0]));
}
