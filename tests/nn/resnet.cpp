#include "s4l/nn/models/resnet.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <utility>

#include "s4l/core/autograd.h"
#include "s4l/nn/walk.h"
#include "s4l/tests/support/golden.h"
#include "s4l/tests/support/near.h"

using namespace s4l;
using namespace s4l::nn;
using namespace s4l::test;

namespace {

const std::vector<Golden>& golden() {
  static const std::vector<Golden> all = {
#include "s4l/tests/golden/resnet.inc"
  };
  return all;
}

const Golden& golden(const std::string& case_name, const std::string& name) {
  return find_golden(golden(), case_name, name);
}

Tensor tensor_of(const std::vector<double>& values, Shape shape, DType dtype) {
  return with_float(dtype, [&]<class T>() { return from_values(std::vector<T>(values.begin(), values.end()), shape); });
}

Tensor golden_tensor(const std::string& case_name, const std::string& name, DType dtype) {
  const Golden& g = golden(case_name, name);
  return tensor_of(g.values, g.shape, dtype);
}

/// In f64 convolution is naive and exact enough for differences.
void convert(Module& module, DType dtype) {
  for (const auto& [name, parameter] : parameters_of(module)) {
    parameter->value = tensor_of(doubles(parameter->value), parameter->value.shape(), dtype);
    parameter->value.set_requires_grad(true);
  }
  for (const auto& [name, buffer] : buffers_of(module)) *buffer = tensor_of(doubles(*buffer), buffer->shape(), dtype);
}

/// sum(y * weights), with its gradient.
Tensor project(const Tensor& y, const Tensor& weights) {
  const auto a = doubles(y), b = doubles(weights);
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return record("project", full({}, sum, y.dtype()), {y}, [weights](const Tensor&, Needs) { return Grads{weights}; });
}

/// Fills the module with the case's parameters, which must be all of the case's.
void fill(Module& module, const std::string& case_name, DType dtype) {
  convert(module, dtype);
  std::ptrdiff_t used = 4;  // x, y, gy, gx
  for (const auto& [name, parameter] : parameters_of(module)) {
    copy_(parameter->value, golden_tensor(case_name, name, dtype));
    ++used;
  }
  REQUIRE(used ==
          std::count_if(golden().begin(), golden().end(), [&](const Golden& g) { return g.case_name == case_name; }));
}

/// Compares output and input gradient with PyTorch's.
void check_golden(Module& module, const std::string& case_name) {
  for (const auto& [dtype, tolerance] : {std::pair{DType::f64, 1e-6}, {DType::f32, 1e-4}}) {
    INFO(case_name << " " << name_of(dtype));
    fill(module, case_name, dtype);
    Tensor x = golden_tensor(case_name, "x", dtype);
    x.set_requires_grad(true);
    const Tensor y = module.forward(x, Mode::train);
    REQUIRE(y.shape() == golden(case_name, "y").shape);
    check_near(y, golden(case_name, "y").values, tolerance, tolerance);
    const Tensor of[] = {x};
    const Tensor gx = grad(project(y, golden_tensor(case_name, "gy", dtype)), of)[0];
    check_near(gx, golden(case_name, "gx").values, tolerance, tolerance);
  }
}

template <class Loss>
double central_difference(Parameter& parameter, std::size_t i, const Loss& loss) {
  double& weight = parameter.value.data<double>()[i];
  const double kept = weight, h = 1e-5;
  const auto loss_at = [&](double value) {
    weight = value;
    parameter.value.bump_version();
    return loss();
  };
  const double slope = (loss_at(kept + h) - loss_at(kept - h)) / (2 * h);
  weight = kept;
  parameter.value.bump_version();
  return slope;
}

const UnitKind kBottleneck{.kernels = {1, 3, 1}, .strided = 1, .expansion = 4};
const UnitKind kBasic{.kernels = {3, 3}, .strided = 1, .expansion = 1};
const UnitKind kWide{.kernels = {3, 3}, .strided = 0, .expansion = 1};

void check_unit(const UnitKind& kind, const UnitSize& size, const std::string& case_name) {
  InitStreams streams(0);
  PreactUnit unit(kind, size, streams);
  check_golden(unit, case_name);
}

}  // namespace

TEST_CASE("a bottleneck unit computes what PyTorch computes, strided and with the identity as shortcut") {
  check_unit(kBottleneck, {.in = 4, .middle = 2, .stride = 2}, "bottleneck");
  check_unit(kBottleneck, {.in = 8, .middle = 2, .stride = 1}, "bottleneck_identity");
}

TEST_CASE("the basic unit has its stride in the second convolution, the wide one in the first") {
  check_unit(kBasic, {.in = 3, .middle = 4, .stride = 2}, "basic");
  check_unit(kWide, {.in = 3, .middle = 4, .stride = 2}, "wide");
}

TEST_CASE("a network with the ImageNet stem computes what PyTorch computes") {
  ResNet network({kBottleneck, 2, true, {{1, 1, 1}, {1, 2, 2}}}, {.classes = 3});
  check_golden(network, "network");
}

TEST_CASE("the gradient of a whole network in two batch-norm groups agrees with finite differences") {
  ResNet network({kWide, 3, false, {{1, 4, 1}, {1, 5, 2}}}, {.classes = 3, .seed = 1});
  convert(network, DType::f64);
  set_batch_norm_groups(network, 2);
  const Tensor x = random_tensor({4, 6, 5, 3}, DType::f64, 1), weights = random_tensor({4, 3}, DType::f64, 2);
  const auto loss = [&] { return project(network.forward(x, Mode::train_keep_statistics), weights); };
  backward(loss());
  Rng rng(3, Purpose::test);
  for (const auto& [name, parameter] : parameters_of(network)) {
    const auto gradient = doubles(parameter->value.grad());
    for (int probe = 0; probe < 4; ++probe) {
      const auto i = static_cast<std::size_t>(rng.below(parameter->value.numel()));
      const double slope = central_difference(*parameter, i, [&] { return item(loss()); });
      INFO(name << " element " << i);
      REQUIRE(gradient[i] == Approx(slope).epsilon(1e-5).margin(1e-7));
    }
  }
}
