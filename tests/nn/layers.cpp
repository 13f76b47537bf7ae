#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "s4l/nn/layers/batch_norm.h"
#include "s4l/nn/layers/conv2d.h"
#include "s4l/nn/layers/linear.h"
#include "s4l/nn/walk.h"
#include "s4l/tests/support/near.h"

using namespace s4l;
using namespace s4l::nn;
using namespace s4l::test;

namespace {

/// The kernel fills (-limit, limit): no value beyond, some near the ends, mean and variance of a uniform law.
void check_uniform(const Tensor& kernel, double limit) {
  const auto values = doubles(kernel);
  double sum = 0, squares = 0, largest = 0;
  for (double value : values) {
    sum += value;
    squares += value * value;
    largest = std::max(largest, std::abs(value));
  }
  const auto n = static_cast<double>(values.size());
  REQUIRE(largest <= limit);
  REQUIRE(largest > 0.99 * limit);
  REQUIRE(std::abs(sum / n) < 4 * limit / std::sqrt(3 * n));
  REQUIRE(squares / n == Approx(limit * limit / 3).epsilon(0.05));
}

}  // namespace

TEST_CASE("a convolution's kernel is Glorot-uniform in its taps times channels") {
  Rng rng(1, Purpose::test);
  const Conv2d conv({.in = 200, .out = 12, .kernel = 3, .stride = 2}, rng);
  REQUIRE(conv.weight.value.shape() == Shape{12, 3, 3, 200});
  REQUIRE(conv.weight.decay);
  REQUIRE(conv.weight.value.requires_grad());
  REQUIRE(conv.options.padding == 1);
  check_uniform(conv.weight.value, std::sqrt(6.0 / (9 * 200 + 9 * 12)));
}

TEST_CASE("a linear layer's kernel is Glorot-uniform or zero, its bias zero and without decay") {
  Rng rng(2, Purpose::test);
  const Linear drawn(300, 10, rng), empty(300, 10, rng, true);
  REQUIRE(drawn.weight.value.shape() == Shape{10, 300});
  check_uniform(drawn.weight.value, std::sqrt(6.0 / 310));
  check_near(empty.weight.value, std::vector<double>(3000, 0), 0, 0);
  check_near(drawn.bias.value, std::vector<double>(10, 0), 0, 0);
  for (const Linear* layer : {&drawn, &empty}) {
    REQUIRE(layer->weight.decay);
    REQUIRE_FALSE(layer->bias.decay);
    REQUIRE(layer->weight.value.requires_grad());
    REQUIRE(layer->bias.value.requires_grad());
  }
}

TEST_CASE("batch norm starts as the identity's parameters, without decay") {
  const BatchNorm norm(3);
  check_near(norm.weight.value, {1, 1, 1}, 0, 0);
  check_near(norm.bias.value, {0, 0, 0}, 0, 0);
  check_near(norm.running_mean, {0, 0, 0}, 0, 0);
  check_near(norm.running_var, {1, 1, 1}, 0, 0);
  REQUIRE_FALSE(norm.weight.decay);
  REQUIRE_FALSE(norm.bias.decay);
  REQUIRE(norm.options.epsilon == 1e-3);
  REQUIRE(norm.options.momentum == 0.99);
}

TEST_CASE("each mode uses and updates the statistics it says") {
  BatchNorm norm(1);
  const Tensor x = from_values(std::vector<float>{1, 3}, {2, 1});  // mean 2, variance 1 (unbiased 2)
  const double scale = 1 / std::sqrt(1 + 1e-3);
  check_near(norm.forward(x, Mode::train_keep_statistics), {-scale, scale}, 1e-6, 0);
  check_near(norm.running_mean, {0}, 0, 0);
  check_near(norm.running_var, {1}, 0, 0);
  check_near(norm.forward(x, Mode::eval), {scale, 3 * scale}, 1e-6, 0);
  check_near(norm.forward(x, Mode::train), {-scale, scale}, 1e-6, 0);
  check_near(norm.running_mean, {0.02}, 1e-5, 0);
  check_near(norm.running_var, {0.99 + 0.01 * 2}, 1e-5, 0);
  norm.options.groups = 2;  // means nothing to fixed statistics
  const double deviation = std::sqrt(1.01 + 1e-3);
  check_near(norm.forward(x, Mode::eval), {0.98 / deviation, 2.98 / deviation}, 1e-5, 0);
}

TEST_CASE("groups are set on every batch norm, on the module itself too, and refused below one") {
  BatchNorm norm(2);
  set_batch_norm_groups(norm, 4);
  REQUIRE(norm.options.groups == 4);
  REQUIRE_THROWS_WITH(set_batch_norm_groups(norm, 0), Catch::Contains("got 0"));
}
