#include "s4l/nn/models/model.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "s4l/core/autograd.h"
#include "s4l/core/ops/view.h"
#include "s4l/nn/layers/linear.h"
#include "s4l/nn/walk.h"
#include "s4l/tests/support/near.h"

using namespace s4l;
using namespace s4l::nn;
using namespace s4l::test;

namespace {

std::vector<std::string> names_below(Module& model, const std::string& prefix) {
  std::vector<std::string> names;
  for (const auto& [name, parameter] : parameters_of(model))
    if (name.rfind(prefix, 0) == 0) names.push_back(name.substr(prefix.size()));
  return names;
}

struct Split {
  std::int64_t conv = 0, norm = 0, head = 0, norms = 0;
};

/// The numbers of parameters that the same network has at `factor` times its width.
Split split_of(Classifier& model, std::int64_t factor) {
  Split split;
  for (const auto& [name, parameter] : parameters_of(model)) {
    const Tensor& value = parameter->value;
    if (value.shape().rank == 4)
      split.conv += value.numel() * factor * (value.shape().last() == 3 ? 1 : factor);
    else if (name == "head.fc.weight")
      split.head += value.numel() * factor;
    else if (name == "head.fc.bias")
      split.head += value.numel();
    else
      split.norm += value.numel() * factor;
  }
  split.norms = static_cast<std::int64_t>(buffers_of(model).size()) / 2;
  return split;
}

std::vector<double> all_parameters(Module& model) {
  std::vector<double> values;
  for (const auto& [name, parameter] : parameters_of(model)) {
    const auto more = doubles(parameter->value);
    values.insert(values.end(), more.begin(), more.end());
  }
  return values;
}

}  // namespace

TEST_CASE("the ImageNet networks have the published numbers of parameters") {
  const auto [name, count] = GENERATE(table<std::string, std::int64_t>(
      {{"resnet18", 11687720}, {"resnet34", 21795880}, {"resnet101", 44541480}, {"resnet152", 60185128}}));
  REQUIRE(parameter_count(*make_model(name, {.classes = 1000})) == count);
}

TEST_CASE("resnet50 has the published convolutions, batch norms and head at widths 1, 2 and 4") {
  const auto model = make_model("resnet50", {.classes = 1000});
  const Split one = split_of(*model, 1), two = split_of(*model, 2), four = split_of(*model, 4);
  REQUIRE(parameter_count(*model) == 25549352);
  REQUIRE(model->feature_size() == 2048);
  REQUIRE(one.norms == 49);
  REQUIRE(one.conv == 23454912);
  REQUIRE(one.norm == 45440);
  REQUIRE(one.head == 2049000);
  REQUIRE(two.conv + two.norm + two.head == 97988712);
  REQUIRE(four.conv + four.norm + four.head == 383540456);
}

TEST_CASE("the width option scales every layer as counted") {
  const auto narrow = make_model("resnet50", {.classes = 10, .width = 0.125});
  const Split predicted = split_of(*narrow, 2);
  REQUIRE(parameter_count(*make_model("resnet50", {.classes = 10, .width = 0.25})) ==
          predicted.conv + predicted.norm + predicted.head);
}

TEST_CASE("the small networks have their numbers of parameters and batch norms") {
  const auto wide = make_model("wrn-28-2", {.classes = 10});
  REQUIRE(parameter_count(*wide) == 1467610);
  REQUIRE(buffers_of(*wide).size() == 2 * 25);
  REQUIRE(wide->feature_size() == 128);
  REQUIRE(parameter_count(*make_model("wrn-28-10", {.classes = 10})) == 36479194);

  const auto small = make_model("resnet-small", {.classes = 10});
  Rng rng(0, Purpose::test);
  Linear rotations(small->feature_size(), 4, rng);
  REQUIRE(parameter_count(*small) + parameter_count(rotations) == 304222);
}

TEST_CASE("parameters are named as in timm, each once") {
  const auto model = make_model("resnet50", {.classes = 10, .width = 0.0625});
  REQUIRE(names_below(*model, "stages.0.blocks.0.") ==
          std::vector<std::string>{"norm1.weight", "norm1.bias", "conv1.weight", "norm2.weight", "norm2.bias",
                                   "conv2.weight", "norm3.weight", "norm3.bias", "conv3.weight",
                                   "downsample.conv.weight"});
  REQUIRE(names_below(*model, "stages.0.blocks.1.").size() == 9);
  REQUIRE(names_below(*model, "stem.") == std::vector<std::string>{"conv.weight"});
  REQUIRE(names_below(*model, "norm.") == std::vector<std::string>{"weight", "bias"});
  REQUIRE(names_below(*model, "head.") == std::vector<std::string>{"fc.weight", "fc.bias"});
  REQUIRE(buffers_of(*model)[0].name == "stages.0.blocks.0.norm1.running_mean");
  auto names = names_below(*model, "");
  std::sort(names.begin(), names.end());
  REQUIRE(std::adjacent_find(names.begin(), names.end()) == names.end());
}

TEST_CASE("only kernels decay, and every parameter asks for a gradient") {
  const auto model = make_model("wrn-28-2", {.width = 0.25});
  for (const auto& [name, parameter] : parameters_of(*model)) {
    INFO(name);
    REQUIRE(parameter->decay == (parameter->value.shape().rank >= 2));
    REQUIRE(parameter->value.requires_grad());
  }
}

TEST_CASE("initial weights repeat with the seed, and the head's shape does not change the trunk") {
  const auto weights = [](const ModelOptions& options) { return all_parameters(*make_model("resnet-small", options)); };
  const auto first = weights({.classes = 10, .seed = 5});
  REQUIRE(first == weights({.classes = 10, .seed = 5}));
  REQUIRE(first != weights({.classes = 10, .seed = 6}));
  const auto other = weights({.classes = 4, .zero_heads = true, .seed = 5});
  REQUIRE(std::equal(first.begin(), first.begin() + 302416, other.begin()));
  REQUIRE(std::all_of(other.begin() + 302416, other.end(), [](double value) { return value == 0; }));
}

TEST_CASE("features and logits have their shapes for every network") {
  const NoGrad no_grad;
  for (const ModelEntry& entry : models()) {
    INFO(entry.name);
    const auto model = make_model(entry.name, {.classes = 7, .width = 0.0625});
    const Tensor features = model->features(random_tensor({2, 33, 31, 3}, DType::f32, 1), Mode::eval);
    REQUIRE(features.shape() == Shape{2, model->feature_size()});
    REQUIRE(model->logits(features).shape() == Shape{2, 7});
  }
}

TEST_CASE("pictures of another rank or number of channels are refused with their shape") {
  const auto model = make_model("resnet-small", {});
  REQUIRE_THROWS_WITH(model->features(zeros({2, 24, 24, 1}), Mode::eval), Catch::Contains("(2, 24, 24, 1)"));
  REQUIRE_THROWS_WITH(model->features(zeros({24, 24, 3}), Mode::eval), Catch::Contains("(24, 24, 3)"));
}

TEST_CASE("training updates the running statistics, the other modes leave them, and evaluation reads them") {
  const auto model = make_model("resnet-small", {.width = 0.25});
  const Tensor x = random_tensor({4, 12, 12, 3}, DType::f32, 3);
  const auto statistics = [&] {
    std::vector<double> values;
    for (const auto& [name, value] : buffers_of(*model))
      for (double number : doubles(*value)) values.push_back(number);
    return values;
  };
  const auto before = statistics();
  const auto evaluated = doubles(model->forward(x, Mode::eval));
  const auto trained = doubles(model->forward(x, Mode::train_keep_statistics));
  REQUIRE(statistics() == before);
  REQUIRE(doubles(model->forward(x, Mode::train)) == trained);
  REQUIRE(statistics() != before);
  REQUIRE(doubles(model->forward(x, Mode::eval)) != evaluated);
  REQUIRE(doubles(model->forward(rows(x, 0, 1), Mode::eval)) ==
          doubles(rows(model->forward(x, Mode::eval), 0, 1)));  // a picture's logits do not depend on its neighbours
}

TEST_CASE("a batch in two groups has the logits of its halves") {
  const auto model = make_model("resnet-small", {.width = 0.25});
  const Tensor x = random_tensor({8, 12, 12, 3}, DType::f32, 4);
  const auto first = doubles(model->forward(rows(x, 0, 4), Mode::train_keep_statistics));
  set_batch_norm_groups(*model, 2);
  const Tensor both = model->forward(x, Mode::train_keep_statistics);
  check_near(rows(both, 0, 4), first, 1e-4, 1e-5);
}

TEST_CASE("an unknown network is refused with the known names and the nearest") {
  REQUIRE_THROWS_WITH(make_model("wrn28-2", {}), Catch::Contains("resnet18, resnet34") &&
                                                     Catch::Contains("\"wrn28-2\": did you mean \"wrn-28-2\"?"));
  REQUIRE_THROWS_WITH(make_model("resnet50v2", {}), Catch::Contains("did you mean \"resnet50\"?"));
  REQUIRE_THROWS_WITH(make_model("resnet50", {.classes = 0}), Catch::Contains("1 or more classes, got 0"));
  REQUIRE_THROWS_WITH(make_model("resnet50", {.width = 0.001}), Catch::Contains("0.001"));
}
