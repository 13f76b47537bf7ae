#include "s4l/core/ops/softmax.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "s4l/tests/support/near.h"
#include "s4l/tests/support/op_case.h"

using namespace s4l;
using namespace s4l::test;

namespace {

std::vector<double> naive(const Tensor& z) {
  auto p = doubles(z);
  const auto k = static_cast<std::size_t>(z.shape()[1]);
  for (std::size_t at = 0; k > 0 && at < p.size(); at += k) {
    double sum = 0;
    for (std::size_t i = 0; i < k; ++i) sum += p[at + i] = std::exp(p[at + i]);
    for (std::size_t i = 0; i < k; ++i) p[at + i] /= sum;
  }
  return p;
}

}  // namespace

TEST_CASE("softmax gives each row's probabilities") {
  check_near(softmax(from_values(std::vector<double>{0, std::log(3.0)}, {1, 2})), {0.25, 0.75}, 1e-14, 0);
  for (const Shape& shape : {Shape{0, 4}, Shape{3, 0}, Shape{1, 1}, Shape{31, 10}, Shape{3, 1025}})
    check_op({.name = "softmax " + to_text(shape),
              .inputs = {random_tensor(shape, DType::f64, 11, 3)},
              .wants_grad = {},
              .forward = [](const auto& in) { return softmax(in[0]); },
              .reference = [](const auto& in) { return naive(in[0]); }});
}

TEST_CASE("softmax of large logits stays finite") {
  check_near(softmax(from_values(std::vector<float>{1e4f, 1e4f, -1e4f}, {1, 3})), {0.5, 0.5, 0}, 1e-7, 0);
}

TEST_CASE("softmax names logits that are no matrix") {
  CHECK_THROWS_WITH(softmax(zeros({2, 3, 4})), Catch::Contains("(2, 3, 4)"));
}
