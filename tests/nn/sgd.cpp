#include "s4l/nn/optim/sgd.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "s4l/core/autograd.h"
#include "s4l/core/ops/cast.h"
#include "s4l/core/ops/update.h"
#include "s4l/tests/support/near.h"

using namespace s4l;
using namespace s4l::nn;
using namespace s4l::test;

namespace {

/// Three parameters of which the middle one has no decay.
struct Weights {
  Parameter kernel{random_tensor({3, 5}, DType::f32, 1)};
  Parameter bias{random_tensor({7}, DType::f32, 2), false};
  Parameter head{random_tensor({2, 2}, DType::f32, 3)};
  std::vector<NamedParameter> named() { return {{"kernel", &kernel}, {"bias", &bias}, {"head", &head}}; }
};

Tensor rate(double value) { return full({1}, value); }

/// The textbook's loop for one parameter, in f64.
struct Expected {
  std::vector<double> w, v, mean;
  explicit Expected(const Tensor& value) : w(doubles(value)), v(w.size(), 0), mean(w) {}
  void step(const std::vector<double>& gradient, double lr, const SgdOptions& o, bool decay) {
    for (std::size_t i = 0; i < w.size(); ++i) {
      const double g = gradient[i] + (decay ? o.weight_decay * w[i] : 0);
      v[i] = o.momentum * v[i] + g;
      w[i] -= lr * (o.nesterov ? g + o.momentum * v[i] : v[i]);
      mean[i] = o.ema_decay * mean[i] + (1 - o.ema_decay) * w[i];
    }
  }
};

}  // namespace

TEST_CASE("three steps of sgd follow the equations, with and without nesterov") {
  const bool nesterov = GENERATE(false, true);
  const SgdOptions options{.momentum = 0.9, .weight_decay = 0.1, .nesterov = nesterov, .ema_decay = 0.75};
  Weights weights;
  std::vector<Expected> expected;
  for (const auto& [name, parameter] : weights.named()) expected.emplace_back(parameter->value);
  Sgd sgd(weights.named(), options);
  REQUIRE(sgd.size() == 15 + 7 + 4);
  for (std::uint64_t step = 0; step < 3; ++step) {
    const double lr = 0.5 / static_cast<double>(step + 1);
    sgd.zero_grad();
    for (std::size_t i = 0; i < 3; ++i) {
      const Parameter& parameter = *weights.named()[i].parameter;
      const Tensor gradient = random_tensor(parameter.value.shape(), DType::f32, 10 * step + i);
      add_(parameter.value.grad(), gradient);
      expected[i].step(doubles(gradient), lr, options, parameter.decay);
    }
    sgd.step(rate(lr));
  }
  for (std::size_t i = 0; i < 3; ++i) check_near(weights.named()[i].parameter->value, expected[i].w, 1e-5, 1e-6);
  const auto state = sgd.state();
  const auto compare = [&](const std::string& name, const std::vector<double>& values) {
    const auto entry = std::find_if(state.begin(), state.end(), [&](const auto& e) { return e.first == name; });
    REQUIRE(entry != state.end());
    check_near(entry->second, values, 1e-5, 1e-6);
  };
  for (std::size_t i = 0; i < 3; ++i) {
    compare("momentum/" + weights.named()[i].name, expected[i].v);
    compare("average/" + weights.named()[i].name, expected[i].mean);
  }
  REQUIRE(state.size() == 6);
}

TEST_CASE("a gradient longer than clip_grad is cut to it, over all parameters together; a shorter one is left") {
  Weights weights;
  Sgd sgd(weights.named(), {.momentum = 0, .weight_decay = 0.5, .clip_grad = 2});
  const auto before = doubles(weights.kernel.value), bias = doubles(weights.bias.value);
  add_(weights.kernel.value.grad(), full({3, 5}, 3));
  add_(weights.bias.value.grad(), full({7}, -4));
  const double length = std::sqrt(15 * 9.0 + 7 * 16.0);
  sgd.step(rate(1));
  std::vector<double> expected = before, expected_bias = bias;
  for (double& w : expected) w -= 3 * 2 / length + 0.5 * w;  // decay comes after the cut
  for (double& w : expected_bias) w += 4 * 2 / length;
  check_near(weights.kernel.value, expected, 1e-5, 1e-6);
  check_near(weights.bias.value, expected_bias, 1e-5, 1e-6);

  sgd.zero_grad();
  add_(weights.bias.value.grad(), full({7}, 0.25));
  sgd.step(rate(1));
  for (double& w : expected_bias) w -= 0.25;
  check_near(weights.bias.value, expected_bias, 1e-5, 1e-6);
}

TEST_CASE("parameters keep their values and shapes when they move into the rows, and ask for a gradient") {
  Weights weights;
  const auto before = doubles(weights.bias.value);
  Sgd sgd(weights.named(), {});
  REQUIRE(weights.kernel.value.shape() == Shape{3, 5});
  check_near(weights.bias.value, before, 0, 0);
  REQUIRE(weights.head.value.requires_grad());
  REQUIRE(sgd.state().size() == 3);
  REQUIRE_FALSE(sgd.averages());
}

TEST_CASE("backward adds to the row of gradients, and zero_grad empties it, even of a NaN") {
  Weights weights;
  Sgd sgd(weights.named(), {});
  const Tensor ones = full({7}, 1);
  for (int pass = 1; pass <= 2; ++pass) {
    backward(record("sum", full({}, 0), {weights.bias.value}, [ones](const Tensor&, Needs) { return Grads{ones}; }));
    const auto row = doubles(sgd.gradient());
    REQUIRE(row[18] == 0);
    REQUIRE(row[19] == pass);  // the bias comes last: it has no decay
    REQUIRE(row[25] == pass);
  }
  add_(weights.bias.value.grad(), full({7}, std::numeric_limits<double>::quiet_NaN()));
  sgd.zero_grad();
  check_near(sgd.gradient(), std::vector<double>(26, 0), 0, 0);
}

TEST_CASE("the average starts at the initial weights, and swapping it in advances the weights' version") {
  Weights weights;
  const auto initial = doubles(weights.kernel.value);
  Sgd sgd(weights.named(), {.momentum = 0, .ema_decay = 0.5});
  add_(weights.kernel.value.grad(), full({3, 5}, 2));
  const auto version = weights.kernel.value.version();
  sgd.step(rate(1));
  REQUIRE(weights.kernel.value.version() > version);
  const auto trained = doubles(weights.kernel.value);
  std::vector<double> average = initial;
  for (double& value : average) value -= 1;  // half of the step of 2
  const auto before_swap = weights.kernel.value.version();
  sgd.swap_average();
  REQUIRE(weights.kernel.value.version() > before_swap);
  check_near(weights.kernel.value, average, 0, 1e-6);
  sgd.swap_average();
  check_near(weights.kernel.value, trained, 0, 0);
}

TEST_CASE("swapping without an average, and an optimizer without parameters, are errors") {
  Weights weights;
  Sgd sgd(weights.named(), {});
  REQUIRE_THROWS_WITH(sgd.swap_average(), Catch::Contains("ema_decay 0"));
  REQUIRE_THROWS_WITH(Sgd({}, {}), Catch::Contains("at least one parameter"));
}

TEST_CASE("each parameter is read in 16 bits where the optimizer keeps it so, and its gradient is the value's") {
  for (const DType type : {DType::bf16, DType::f16}) {
    Weights weights;
    Sgd sgd(weights.named(), {.momentum = 0, .rounded = type});
    const Tensor ones = cast(full({7}, 1), type);
    const auto expected = [&] { return doubles(cast(cast(weights.bias.value, type), DType::f32)); };
    CHECK(doubles(cast(weights.bias.in(type), DType::f32)) == expected());
    sgd.zero_grad();
    const Tensor read = weights.bias.in(type);
    backward(record("sum", full({}, 0), {read}, [ones](const Tensor&, Needs) { return Grads{ones}; }));
    check_near(weights.bias.value.grad(), std::vector<double>(7, 1), 0, 0);
    sgd.step(rate(0.125));
    CHECK(doubles(cast(weights.bias.in(type), DType::f32)) == expected());
    copy_(weights.bias.value, full({7}, 0.3));
    sgd.round_weights();
    CHECK(doubles(cast(weights.bias.in(type), DType::f32)) == expected());
  }
}

TEST_CASE("a scaled loss's gradient is divided again; one that is not finite halves the scale and changes no more") {
  Weights weights, plain;
  const SgdOptions options{.weight_decay = 0.1, .ema_decay = 0.5, .clip_grad = 1};
  SgdOptions scaled = options;
  scaled.scale_loss = true;
  Sgd sgd(weights.named(), scaled), other(plain.named(), options);
  REQUIRE_FALSE(other.loss_scale());
  const double factor = item(sgd.loss_scale());
  check_near(sgd.scaled(full({}, 3)), {3 * factor}, 0, 0);
  check_near(other.scaled(full({}, 3)), {3}, 0, 0);
  add_(weights.kernel.value.grad(), full({3, 5}, 2 * factor));
  add_(plain.kernel.value.grad(), full({3, 5}, 2));
  sgd.step(rate(0.5));
  other.step(rate(0.5));
  CHECK(doubles(weights.kernel.value) == doubles(plain.kernel.value));

  add_(weights.head.value.grad(), full({2, 2}, std::numeric_limits<double>::infinity()));
  sgd.step(rate(0.5));
  CHECK(doubles(weights.kernel.value) == doubles(plain.kernel.value));
  const auto state = sgd.state(), expected = other.state();
  REQUIRE(state.size() == expected.size() + 1);
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(doubles(state[i].second) == doubles(expected[i].second));
  CHECK(state.back().first == "loss_scale");
  check_near(state.back().second, {factor / 2, 0, 0}, 0, 0);
}
