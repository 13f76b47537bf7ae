// A number that is not finite must reach the loss: what swallows it (a comparison, a maximum) would train on.
#include <catch2/catch.hpp>
#include <cmath>

#include "s4l/nn/walk.h"
#include "small_training.h"

using namespace s4l;
using namespace s4l::methods;
using namespace s4l::test;

namespace {

struct Heads final : nn::Module {
  Method& method;
  explicit Heads(Method& m) : method(m) {}
  Tensor forward(const Tensor& x, nn::Mode) override { return x; }
  void visit(nn::Visitor& visitor) override { method.visit(visitor); }
};

}  // namespace

TEST_CASE("one weight that is not a number, wherever it is, stops every method in its next step") {
  for (const NamedTraining& named : all_trainings()) {
    SmallTraining training(named.method, kCpu, {.stage = named.stage});
    Heads heads(*training.method);
    auto parameters = nn::parameters_of(*training.model);
    for (const nn::NamedParameter& head : nn::parameters_of(heads)) parameters.push_back(head);
    for (const auto& [name, parameter] : parameters) {
      if (named.method.ends_with("-pretrain") && name.starts_with("head.")) continue;  // no part of the loss
      INFO(named.name << " " << name);
      Tensor& value = parameter->value;
      float& weight = value.data<float>()[0];
      const float kept = weight;
      weight = NAN;
      value.bump_version();
      CHECK_THROWS_WITH(training.trainer->step(), Catch::Contains("train/loss: expected a finite number, got"));
      weight = kept;
      value.bump_version();
    }
    CHECK_NOTHROW(training.trainer->step());
  }
}

TEST_CASE("on every device a state whose last loss or a number of which is not finite is none to save") {
  for (const Device& device : devices()) {
    INFO(to_text(device));
    SmallTraining poisoned("rotation", device);
    poisoned.trainer->step();
    CHECK_NOTHROW(poisoned.trainer->state());
    const nn::NamedParameter first = nn::parameters_of(*poisoned.model).front();
    const Tensor& weight = first.parameter->value;
    copy_(weight, full(weight.shape(), INFINITY, DType::f32, device));
    CHECK_THROWS_WITH(poisoned.trainer->state(),
                      "step 1: weight/" + first.name +
                          ": expected finite numbers to save, got inf; what was saved before stays; it cannot go on "
                          "from there with other settings, a new run with a lower --lr or with --clip-grad may");
    if (device == kCpu) continue;  // where each step looks at its loss
    poisoned.trainer->step();
    CHECK_THROWS_WITH(poisoned.trainer->state(), Catch::Contains("train/loss: expected a finite number") &&
                                                     Catch::Contains("shortly before step 2"));
  }
}
