#include "s4l/core/ops/batch_norm.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "s4l/core/ops/add.h"
#include "s4l/core/ops/squared_error.h"
#include "s4l/tests/support/near.h"
#include "s4l/tests/support/op_case.h"

using namespace s4l;
using namespace s4l::test;

namespace {

struct Statistics {
  std::vector<double> mean, var;  // (groups, C), biased
};

Statistics statistics_of(const std::vector<double>& x, std::size_t channels, std::size_t groups) {
  Statistics s{std::vector<double>(groups * channels), std::vector<double>(groups * channels)};
  const std::size_t rows = x.size() / channels / groups;
  for (std::size_t g = 0; g < groups; ++g)
    for (std::size_t c = 0; c < channels; ++c) {
      double sum = 0, squares = 0;
      for (std::size_t r = 0; r < rows; ++r) sum += x[(g * rows + r) * channels + c];
      const double mean = sum / static_cast<double>(rows);
      for (std::size_t r = 0; r < rows; ++r) squares += std::pow(x[(g * rows + r) * channels + c] - mean, 2);
      s.mean[g * channels + c] = mean;
      s.var[g * channels + c] = squares / static_cast<double>(rows);
    }
  return s;
}

/// in: x, gamma, beta, residual or empty.
std::vector<double> normalized(const std::vector<Tensor>& in, const Statistics& s, const BatchNormOptions& options) {
  auto y = doubles(in[0]);
  const auto gamma = doubles(in[1]), beta = doubles(in[2]);
  const auto residual = in[3] ? doubles(in[3]) : std::vector<double>(y.size());
  const std::size_t channels = gamma.size(), group = s.mean.size() / channels;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const std::size_t c = i % channels, at = i / (y.size() / group) * channels + c;
    y[i] = gamma[c] * (y[i] - s.mean[at]) / std::sqrt(s.var[at] + options.epsilon) + beta[c] + residual[i];
    if (options.relu) y[i] = std::max(y[i], 0.0);
  }
  return y;
}

OpCase train_case(Shape shape, const BatchNormOptions& options, bool residual) {
  const Shape channels{shape.last()};
  return {.name = "batch_norm_train " + to_text(shape),
          .inputs = {random_tensor(shape, DType::f64, 1), random_tensor(channels, DType::f64, 2),
                     random_tensor(channels, DType::f64, 3), residual ? random_tensor(shape, DType::f64, 4) : Tensor()},
          .wants_grad = {},
          .forward = [=](const auto& in) { return batch_norm_train(in[0], in[1], in[2], {}, {}, options, in[3]); },
          .reference =
              [=](const auto& in) {
                const auto s = statistics_of(doubles(in[0]), static_cast<std::size_t>(channels[0]),
                                             static_cast<std::size_t>(options.groups));
                return normalized(in, s, options);
              }};
}

}  // namespace

TEST_CASE("batch_norm_train normalises with the batch's statistics, whatever the sizes") {
  for (const Shape& shape : {Shape{33, 1}, Shape{33, 31}, Shape{4, 3, 5, 33}, Shape{31, 1025}, Shape{1025, 3},
                             Shape{8, 16, 16, 40}, Shape{6, 3, 3, 300}})
    check_op(train_case(shape, {}, false));
}

TEST_CASE("batch_norm_train adds a residual and applies the ReLU in the same pass") {
  for (bool residual : {false, true})
    for (bool relu : {false, true}) check_op(train_case({6, 3, 3, 17}, {.relu = relu}, residual));
}

TEST_CASE("batch_norm_train keeps virtual replicas apart") {
  check_op(train_case({12, 2, 2, 5}, {.groups = 3, .relu = true}, true));
  check_op(train_case({64, 8, 8, 33}, {.groups = 8}, false));
}

TEST_CASE("batch norm's gradient takes in what reached its input from later ops") {
  for (const bool shared :
       {false, true}) {  // with the gradient that it is itself given, so that it must not overwrite it
    OpCase op = train_case({6, 3, 5, 19}, {.relu = true}, false);
    op.forward = [=](const auto& in) {
      const Tensor x = scale(in[0], 0.5), y = batch_norm_train(x, in[1], in[2], {}, {}, {.relu = true});
      return add(shared ? y : scale(y, 2), x);
    };
    op.reference = [=, whole = op.reference](const auto& in) {
      const Tensor x = scale(in[0], 0.5);
      auto y = whole({x, in[1], in[2], in[3]});
      for (std::size_t i = 0; i < y.size(); ++i) y[i] = (shared ? 1 : 2) * std::max(y[i], 0.0) + doubles(x)[i];
      return y;
    };
    check_op(op);
  }
}

TEST_CASE("a batch norm's input that keeps its gradient gets each contribution once") {
  const Tensor leaf = random_tensor({6, 2, 2, 3}, DType::f64, 1).set_requires_grad(true);
  const Tensor gamma = full({3}, 1.5, DType::f64), beta = full({3}, 0.25, DType::f64);
  const Tensor x = scale(leaf, 1).set_requires_grad(true);
  backward(squared_error(add(batch_norm_train(x, gamma, beta, {}, {}, {}), x), full({6, 2, 2, 3}, 0, DType::f64)));
  check_near(x.grad(), doubles(leaf.grad()), 1e-12, 1e-12);
}

TEST_CASE("batch_norm_eval uses the statistics it is given") {
  for (bool relu : {false, true}) {
    const BatchNormOptions options{.groups = 2, .relu = relu};  // groups do not matter here
    const Tensor mean = random_tensor({19}, DType::f64, 5);
    const Tensor var = from_values(std::vector<double>(19, 0.7), {19});
    const auto as = [](const Tensor& s, DType dtype) {
      if (dtype == DType::f64) return s;
      const auto values = doubles(s);
      return from_values(std::vector<float>(values.begin(), values.end()), s.shape());
    };
    OpCase op = train_case({5, 2, 3, 19}, options, relu);
    op.forward = [=](const auto& in) {
      return batch_norm_eval(in[0], in[1], in[2], to(as(mean, in[0].dtype()), in[0].device()),
                             to(as(var, in[0].dtype()), in[0].device()), options, in[3]);
    };
    op.reference = [=](const auto& in) { return normalized(in, {doubles(mean), doubles(var)}, options); };
    check_op(op);
  }
}

TEST_CASE("running statistics move once, to the mean over the groups of means and unbiased variances") {
  // Group 1 of channel 0: 1, 3 (mean 2, unbiased variance 2); group 2: 10, 16 (mean 13, unbiased variance 18).
  const Tensor x = from_values(std::vector<float>{1, 3, 10, 16}, {4, 1});
  const Tensor running_mean = full({1}, 1), running_var = full({1}, 5);
  const auto version = running_mean.version();
  batch_norm_train(x, full({1}, 1), full({1}, 0), running_mean, running_var, {.momentum = 0.9, .groups = 2});
  check_near(running_mean, {0.9 * 1 + 0.1 * 7.5}, 1e-6, 0);
  check_near(running_var, {0.9 * 5 + 0.1 * 10}, 1e-6, 0);
  CHECK(running_mean.version() == version + 1);
  const Tensor biased = full({1}, 5);  // of one group: mean 7.5, squared deviations 42.25, 20.25, 6.25, 72.25
  batch_norm_train(x, full({1}, 1), full({1}, 0), full({1}, 1), biased, {.momentum = 0.9, .biased = true});
  check_near(biased, {0.9 * 5 + 0.1 * 35.25}, 1e-6, 0);
}

TEST_CASE("batch_norm_train in f32 stays accurate where the mean is thousands of deviations") {
  for (std::int64_t n : {33, 5000}) {
    Tensor x = random_tensor({n, 18}, DType::f32, 6);
    for (std::int64_t i = 0; i < x.numel(); ++i) x.data<float>()[i] += 4096;
    const auto s = statistics_of(doubles(x), 18, 1);
    const Tensor var = full({18}, 0);
    batch_norm_train(x, full({18}, 1), full({18}, 0), full({18}, 0), var, {.momentum = 0});
    std::vector<double> unbiased = s.var;
    for (double& v : unbiased) v *= static_cast<double>(n) / static_cast<double>(n - 1);
    check_near(var, unbiased, 1e-6, 0);
  }
}

TEST_CASE("batch_norm_train of equal values gives beta") {
  check_near(batch_norm_train(full({40, 3}, 1e4), full({3}, 2), full({3}, 0.5), {}, {}, {}),
             std::vector<double>(120, 0.5), 0, 1e-3);
}

TEST_CASE("the ReLU of a batch norm does not hide a NaN") {
  Tensor x = full({4, 20}, 1);
  x.data<float>()[25] = std::nanf("");
  const auto y = doubles(batch_norm_train(x, full({20}, 1), full({20}, 0), {}, {}, {.relu = true}));
  CHECK(std::isnan(y[25]));
}

TEST_CASE("an infinite number shows in all of its channel and in both running statistics") {
  for (const Device& device : devices()) {
    INFO(to_text(device));
    std::vector<float> values(4 * 20, 1.5f);
    values[25] = INFINITY;
    const Tensor mean = full({20}, 0, DType::f32, device), var = full({20}, 1, DType::f32, device);
    const Tensor y = batch_norm_train(from_values(values, {4, 20}, device), full({20}, 1, DType::f32, device),
                                      full({20}, 0, DType::f32, device), mean, var, {.relu = true});
    const auto results = values_of<float>(y), means = values_of<float>(mean), vars = values_of<float>(var);
    for (std::size_t row = 0; row < 4; ++row) CHECK(std::isnan(results[20 * row + 5]));
    CHECK_FALSE(std::isfinite(means[5]));
    CHECK_FALSE(std::isfinite(vars[5]));
    CHECK(std::isfinite(vars[4]));
  }
}

TEST_CASE("a batch norm's output is computed again where a later op reads it") {
  const Tensor x = random_tensor({4, 2, 2, 3}, DType::f32, 7).set_requires_grad(true);
  const Tensor gamma = full({3}, 1.5), beta = full({3}, 0.25);
  const Tensor y = batch_norm_train(x, gamma, beta, {}, {}, {.relu = true});
  const Tensor again = Saved(y).get();
  CHECK(again.raw() != y.raw());
  check_near(again, doubles(y), 0, 0);
}

TEST_CASE("batch_norm names what does not fit") {
  const Tensor x = zeros({4, 2, 2, 3}), p = zeros({3});
  CHECK_THROWS_WITH(batch_norm_train(zeros({2, 3, 4}), p, p, {}, {}, {}), Catch::Contains("(2, 3, 4)"));
  CHECK_THROWS_WITH(batch_norm_train(x, zeros({4}), p, {}, {}, {}), Catch::Contains("(4)") && Catch::Contains("(3)"));
  CHECK_THROWS_WITH(batch_norm_train(x, p, p, {}, {}, {.groups = 3}), Catch::Contains("3"));
  CHECK_THROWS_WITH(batch_norm_train(x, p, p, p, {}, {}), Catch::Contains("running"));
  CHECK_THROWS_WITH(batch_norm_train(x, p, p, {}, {}, {}, zeros({4, 3})), Catch::Contains("(4, 3)"));
  CHECK_THROWS_WITH(batch_norm_train(zeros({0, 3}), p, p, {}, {}, {}), Catch::Contains("(0, 3)"));
}
