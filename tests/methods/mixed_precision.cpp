// Training with features in 16 bits: near the losses in 32, exact weights, a scale that finds its way, resumed alike.
#include <catch2/catch.hpp>
#include <cmath>

#include "s4l/core/ops/cast.h"
#include "s4l/nn/walk.h"
#include "s4l/tests/support/near.h"
#include "small_training.h"

using namespace s4l;
using namespace s4l::methods;
using namespace s4l::test;

namespace {

/// Body(device, type) for every device that has kernels for 16 bits.
template <class Body>
void for_each_device_and_type(const Body& body) {
  for (const Device& device : devices())
    for (const DType type : {DType::bf16, DType::f16})
      if (device != kCpu) {
        INFO(to_text(type) << " on " << to_text(device));
        body(device, type);
      }
}

std::vector<double> weights_of(SmallTraining& training) {
  std::vector<double> all;
  for (const auto& [name, parameter] : nn::parameters_of(*training.model)) {
    REQUIRE(parameter->value.dtype() == DType::f32);
    for (const double value : doubles(parameter->value)) all.push_back(value);
  }
  return all;
}

std::vector<double> gradient_of(SmallTraining& training) {
  std::vector<double> all;
  for (const auto& [name, parameter] : nn::parameters_of(*training.model))
    for (const double value : doubles(parameter->value.grad())) all.push_back(value);
  return all;
}

double cosine(const std::vector<double>& a, const std::vector<double>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return ab / std::sqrt(aa * bb);
}

void set_loss_scale(SmallTraining& training, float scale) {
  const io::TensorFile state = training.trainer->state();
  copy_(*state.find("loss_scale"), from_values(std::vector<float>{scale, 0, 1}, {3}));
}

double loss_scale(SmallTraining& training) { return doubles(*training.trainer->state().find("loss_scale"))[0]; }

}  // namespace

TEST_CASE("every method's first step in mixed precision has the loss and the gradient of one in 32 bits, nearly") {
  for_each_device_and_type([](Device device, DType type) {
    for (const MethodEntry& entry : methods::methods()) {
      if (!entry.stages.empty()) continue;
      SmallTraining plain(entry.name, kCpu), mixed(entry.name, device, {.computed_in = type});
      if (type == DType::f16) set_loss_scale(mixed, 256);
      const double expected = plain.train(1)[0][0], got = mixed.train(1)[0][0];
      INFO(entry.name << ": expected " << expected << ", got " << got);
      CHECK(std::abs(got - expected) <= (type == DType::bf16 ? 0.05 : 0.002) * std::abs(expected));
      // bf16 has 8 bits: some answers of an untrained network cross a threshold of the pseudo-labels.
      CHECK(cosine(gradient_of(mixed), gradient_of(plain)) > (type == DType::bf16 ? 0.8 : 0.999));
      for (const auto& metrics : mixed.train(3)) CHECK(std::isfinite(metrics[0]));
    }
  });
}

TEST_CASE("a step in mixed precision has the same bits when it is replayed, and after a resume") {
  for_each_device_and_type([](Device device, DType type) {
    const SmallTrainingOptions replayed{.capture = true, .computed_in = type};
    SmallTraining eager("rotation", device, {.computed_in = type}), first("rotation", device, replayed),
        second("rotation", device, replayed);
    const auto all = eager.train(8);
    CHECK(first.train(5) == std::vector(all.begin(), all.begin() + 5));
    second.trainer->restore(first.trainer->state());
    CHECK(second.train(3) == std::vector(all.begin() + 5, all.end()));
    CHECK(weights_of(second) == weights_of(eager));
  });
}

TEST_CASE("the weights that are read are those that are trained, rounded, and their gradient is in 32 bits") {
  for_each_device_and_type([](Device device, DType type) {
    SmallTraining training("supervised", device, {.capture = true, .computed_in = type});
    training.train(4);
    for (const auto& [name, parameter] : nn::parameters_of(*training.model)) {
      INFO(name);
      CHECK(parameter->in(type).dtype() == type);
      CHECK(doubles(cast(parameter->in(type), DType::f32)) == doubles(cast(cast(parameter->value, type), DType::f32)));
      CHECK(parameter->value.grad().dtype() == DType::f32);
    }
  });
}

TEST_CASE("in f16 a step whose gradient is not finite is left out, and the scale halved until one is") {
  for (const Device& device : devices())
    for (const bool capture : {false, true}) {
      if (device == kCpu) continue;
      SmallTraining training("supervised", device, {.capture = capture, .computed_in = DType::f16});
      training.train(3);
      set_loss_scale(training, 0x1p24f);
      const auto before = weights_of(training);
      training.train(1);
      CHECK(weights_of(training) == before);
      CHECK(loss_scale(training) == 0x1p23);
      for (int step = 0; step < 24 && weights_of(training) == before; ++step) training.train(1);
      CHECK(weights_of(training) != before);
      CHECK(loss_scale(training) >= 1);
    }
}
