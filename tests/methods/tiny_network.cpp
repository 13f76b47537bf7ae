#include "s4l/tests/methods/tiny_network.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>

#include "s4l/core/autograd.h"
#include "s4l/core/kernel.h"
#include "s4l/nn/walk.h"
#include "s4l/tests/support/near.h"

namespace s4l::test {
namespace {

constexpr int kClasses = 3;
constexpr std::int64_t kLabelled = 4, kUnlabelled = 6, kSide = 6;

struct Golden {
  std::string name;
  std::vector<double> values;
};

const std::vector<double>& golden(const std::string& name) {
  static const std::vector<Golden> all = {
#include "s4l/tests/golden/methods.inc"
  };
  const auto found = std::find_if(all.begin(), all.end(), [&](const Golden& g) { return g.name == name; });
  INFO(name);
  REQUIRE(found != all.end());
  return found->values;
}

struct Whole final : nn::Module {
  nn::Classifier& network;
  methods::Method& method;
  Whole(nn::Classifier& n, methods::Method& m) : network(n), method(m) {}
  Tensor forward(const Tensor& x, nn::Mode mode) override { return network.forward(x, mode); }
  void visit(nn::Visitor& visitor) override {
    network.visit(visitor);
    method.visit(visitor);
  }
};

/// Counts and labels too.
std::vector<double> numbers(const Tensor& x) {
  std::vector<double> values;
  if (x.dtype() == DType::i64)
    for (const std::int64_t value : values_of<std::int64_t>(x)) values.push_back(static_cast<double>(value));
  else if (x.dtype() == DType::i32)
    for (const std::int32_t value : values_of<std::int32_t>(x)) values.push_back(value);
  else
    values = doubles(x);
  return values;
}

Tensor converted(const Tensor& x, DType dtype) {
  return with_float(dtype, [&]<class T>() {
    const auto values = doubles(x);
    return from_values(std::vector<T>(values.begin(), values.end()), x.shape());
  });
}

}  // namespace

Tensor wave(Shape shape, double offset, double amplitude, DType dtype) {
  std::vector<double> values(static_cast<std::size_t>(shape.numel()));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] =
        amplitude * std::sin(0.7 * static_cast<double>(i) + offset) * std::cos(0.011 * static_cast<double>(i) + offset);
  return converted(from_values(values, shape), dtype);
}

TinyNetwork::TinyNetwork(int classes)
    : conv1({.in = 3, .out = 4}, rng),
      conv2({.in = 4, .out = 5, .kernel = 3, .stride = 2}, rng),
      norm1(4, {.relu = true}),
      norm2(5, {.relu = true}),
      head(5, classes, rng) {
  double offset = 1;
  for (const auto& [name, parameter] : nn::parameters_of(*this)) {
    const Tensor start = wave(parameter->value.shape(), offset, 0.5);
    if (parameter->value.shape().rank > 1) copy_(parameter->value, start);
    offset += 1;
  }
}

Tensor TinyNetwork::features(const Tensor& x, nn::Mode mode) {
  ++forwards;
  rows += x.shape()[0];
  const Tensor h = norm1.forward(conv1.forward(x, mode), mode);
  return global_avg_pool(norm2.forward(conv2.forward(h, mode), mode));
}

void TinyNetwork::visit(nn::Visitor& visitor) {
  visitor.module("conv1", conv1);
  visitor.module("norm1", norm1);
  visitor.module("conv2", conv2);
  visitor.module("norm2", norm2);
  visitor.module("head", head);
}

MethodBench::MethodBench(const std::string& name, Options options, DType dtype) : network(kClasses), dtype_(dtype) {
  for (const auto& [unused, parameter] : nn::parameters_of(network))
    parameter->value = converted(parameter->value, dtype).set_requires_grad(true);
  for (const auto& [unused, buffer] : nn::buffers_of(network)) *buffer = converted(*buffer, dtype);
  methods::MethodOptions made;
  made.classes = kClasses;
  made.feature_size = network.feature_size();
  made.model = &network;
  made.pictures = 20;
  made.unlabelled = 12;
  made.values = std::move(options);
  method = methods::make_method(name, made);
  whole_ = std::make_unique<Whole>(network, *method);
  for (const auto& [unused, parameter] : nn::parameters_of(*whole_))
    if (parameter->value.dtype() != dtype)
      parameter->value = converted(parameter->value, dtype).set_requires_grad(true);
  if (dtype == DType::f32)
    optimizer_ = std::make_unique<nn::Sgd>(nn::parameters_of(*whole_),
                                           nn::SgdOptions{.momentum = 0.9, .weight_decay = 0.01, .nesterov = false});
}

/// Step t shows labelled pictures at offset 10 + t, view v of the unlabelled ones at 20 + 10 v + t; their places in the
/// data set are 6 t ... 6 t + 5, modulo 12.
methods::Step MethodBench::step(int t) {
  const auto pictures = [&](std::int64_t count, double offset) {
    return wave({count, kSide, kSide, 3}, offset, 1, dtype_);
  };
  batch_ = {pictures(kLabelled, 10 + t), from_values(std::vector<std::int32_t>{0, 1, 2, 1}, {kLabelled}), {}, {}};
  const auto views = method->views().unlabelled;
  for (std::size_t view = 0; view < views.size(); ++view)
    batch_.unlabelled.push_back(
        pictures(views[view] == "rotate" ? 4 * kUnlabelled : kUnlabelled, 20 + 10 * static_cast<double>(view) + t));
  std::vector<std::int64_t> places;
  for (std::int64_t i = 0; i < kUnlabelled; ++i) places.push_back((kUnlabelled * t + i) % (2 * kUnlabelled));
  batch_.index = from_values(places, {kUnlabelled});
  metrics_.clear();
  return {network, batch_.x, batch_.labels, batch_.unlabelled, batch_.index, Rng(0, Purpose::method), 1, metrics_};
}

Tensor MethodBench::loss(int t) {
  methods::Step now = step(t);
  return method->loss(now);
}

double MethodBench::train(int t) {
  methods::Step now = step(t);
  optimizer_->zero_grad();
  const Tensor value = method->loss(now);
  backward(value);
  optimizer_->step(full({1}, 0.1));
  method->after_update(now);
  return item(value);
}

std::vector<std::pair<std::string, Tensor>> MethodBench::state() {
  std::vector<std::pair<std::string, Tensor>> all;
  for (const auto& [name, parameter] : nn::parameters_of(*whole_)) all.emplace_back(name, parameter->value);
  for (const auto& [name, value] : nn::buffers_of(*whole_)) all.emplace_back(name, *value);
  return all;
}

void check_against_pytorch(const std::string& name, const std::string& method, const MethodBench::Options& options) {
  MethodBench bench(method, options);
  const auto& losses = golden(name + "/losses");
  REQUIRE(losses.size() == 20);
  for (int t = 0; t < 20; ++t) {
    INFO(name << " step " << t);
    const double loss = bench.train(t);
    CHECK(loss == Approx(losses[static_cast<std::size_t>(t)]).epsilon(t < 3 ? 1e-5 : 2e-3));
    if (t != 2) continue;
    for (const auto& [key, value] : bench.state()) {
      INFO(key);
      check_near(from_values(numbers(value), value.shape()), golden(name + "/" + key), 1e-4, 1e-5);
    }
  }
}

void check_whole_gradient(const std::string& method, const MethodBench::Options& options) {
  MethodBench bench(method, options, DType::f64);
  backward(bench.loss(0));
  std::size_t parameters = 0, wrong = 0;
  for (const auto& [name, parameter] : nn::parameters_of(bench.network)) {
    if (!parameter->value.grad()) continue;  // a head that the method does not use
    const auto gradient = doubles(parameter->value.grad());
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      double& weight = parameter->value.data<double>()[i];
      const double kept = weight, h = 1e-7;
      const auto loss_at = [&](double value) {
        weight = value;
        parameter->value.bump_version();
        const NoGrad no_grad;
        return item(bench.loss(0));
      };
      const double measured = (loss_at(kept + h) - loss_at(kept - h)) / (2 * h);
      loss_at(kept);
      ++parameters;
      if (std::abs(measured - gradient[i]) <= 1e-5 * std::abs(measured) + 1e-6) continue;
      ++wrong;
      UNSCOPED_INFO(method << ": " << name << " " << i << ": measured " << measured << ", got " << gradient[i]);
    }
  }
  REQUIRE(parameters > 300);
  REQUIRE(wrong <= parameters / 100);  // where a ReLU turns within the difference
}

namespace {
std::map<std::string, std::int64_t> launched;
}

StepCount count_step(const std::string& method, const MethodBench::Options& options) {
  MethodBench bench(method, options);
  launched.clear();
  kernel_observer = [](const char* kernel, const Tensor&) { ++launched[kernel]; };
  bench.train(0);
  kernel_observer = nullptr;
  StepCount count{bench.network.forwards, launched["conv2d_backward_weight"] / 2, bench.network.rows, 0};
  for (const auto& [kernel, times] : launched) count.launches += times;
  CHECK(launched["conv2d"] == 2 * count.forwards);
  return count;
}

}  // namespace s4l::test
