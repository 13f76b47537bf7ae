// Self-supervised methods and how classes are read from their features.
#include <catch2/catch.hpp>
#include <cmath>

#include "s4l/core/ops/linear.h"
#include "s4l/core/ops/view.h"
#include "s4l/methods/training/probe.h"
#include "s4l/methods/training/run.h"
#include "s4l/nn/models/model.h"
#include "s4l/nn/walk.h"
#include "s4l/tests/methods/small_network.h"
#include "s4l/tests/support/near.h"

using namespace s4l;
using namespace s4l::methods;
using namespace s4l::test;

namespace {

/// Twelve points around three corners, in five dimensions of very different size.
LabelledFeatures corners() {
  std::vector<float> features;
  std::vector<std::int32_t> labels;
  for (int i = 0; i < 12; ++i) {
    const int c = i % 3;
    const auto jitter = static_cast<float>(0.1 * std::sin(3.0 * i));
    const auto at = [&](int k) { return (c == k ? 1.0f : 0.0f) + jitter; };
    for (const float value : {at(0), 100 * at(1), 0.01f * at(2), 5.0f, jitter}) features.push_back(value);
    labels.push_back(c);
  }
  return {from_values(features, {12, 5}), from_values(labels, {12})};
}

struct Headed final : nn::Classifier {
  Rng rng{0, Purpose::init};
  nn::Linear head{5, 3, rng};
  Tensor features(const Tensor& x, nn::Mode) override { return x; }
  Tensor logits(const Tensor& f) override { return head.forward(f, nn::Mode::eval); }
  std::int64_t feature_size() const override { return 5; }
  void visit(nn::Visitor& visitor) override { visitor.module("head.fc", head); }
};

int hits(nn::Classifier& model, const LabelledFeatures& examples) {
  const auto z = doubles(model.logits(examples.features)), y = doubles(examples.labels);
  int right = 0;
  for (std::size_t i = 0; i < y.size(); ++i)
    right += std::max_element(z.begin() + 3 * static_cast<std::ptrdiff_t>(i),
                              z.begin() + 3 * static_cast<std::ptrdiff_t>(i) + 3) -
                 z.begin() ==
             3 * static_cast<std::ptrdiff_t>(i) + static_cast<std::ptrdiff_t>(y[i]);
  return right;
}

RunOptions pretraining(const std::string& method, const std::string& probe) {
  RunOptions o;
  o.method = method;
  o.method_options["probe"] = probe;
  o.dataset_options = {{"train", "60"}, {"test", "20"}};
  o.labels = "50";
  o.augment =
      method == "rotation-pretrain" ? "pad_crop(2)|flip_lr|-1_to_1" : "crop_inception_patches(2, 24)|flip_lr|-1_to_1";
  o.width = 0.125;
  o.steps = 3;
  o.batch_size = 2;
  return o;
}

}  // namespace

TEST_CASE("the linear probe learns features of any scale, and changes the head alone") {
  Headed model;
  const LabelledFeatures examples = corners();
  fit_linear_head(model, examples);
  CHECK(hits(model, examples) == 12);
  const auto once = doubles(model.head.weight.value);
  fit_linear_head(model, examples);
  CHECK(doubles(model.head.weight.value) == once);
}

TEST_CASE("the linear probe tells classes by a small difference of features that are otherwise alike") {
  std::vector<float> features;
  std::vector<std::int32_t> labels;
  for (int i = 0; i < 60; ++i) {
    const int c = i % 3;
    const auto large = static_cast<float>(3 * std::sin(7.0 * i)), small = 0.003f * static_cast<float>(c - 1);
    for (const float value : {large, large + small, large - small, 1.0f, large}) features.push_back(value);
    labels.push_back(c);
  }
  const LabelledFeatures examples{from_values(features, {60, 5}), from_values(labels, {60})};
  Headed model;
  fit_linear_head(model, examples);
  CHECK(hits(model, examples) == 60);
}

TEST_CASE("without weight decay the probe of overlapping classes says how often each is right") {
  // One feature: 40 times -1, of which 27 are class 0, 9 class 1, 4 class 2; 40 times 1 with 0 and 1 exchanged.
  std::vector<float> features;
  std::vector<std::int32_t> labels;
  const auto add = [&](float at, std::int32_t label, int times) {
    for (int i = 0; i < times; ++i) {
      for (const float value : {at, 0.0f, 0.0f, 0.0f, 0.0f}) features.push_back(value);
      labels.push_back(label);
    }
  };
  add(-1, 0, 27), add(-1, 1, 9), add(-1, 2, 4), add(1, 0, 9), add(1, 1, 27), add(1, 2, 4);
  Headed model;
  fit_linear_head(model, {from_values(features, {80, 5}), from_values(labels, {80})});
  const auto z = doubles(model.logits(from_values(std::vector<float>{-1, 0, 0, 0, 0}, {1, 5})));
  CHECK(z[0] - z[1] == Approx(std::log(3.0)).epsilon(1e-3));
  CHECK(z[2] - z[1] == Approx(std::log(4.0 / 9.0)).epsilon(1e-3));
}

TEST_CASE("the nearest examples vote by their cosine") {
  Headed model;
  const LabelledFeatures examples{from_values(std::vector<float>{1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 3, 0, 0}, {3, 5}),
                                  from_values(std::vector<std::int32_t>{2, 0, 1}, {3})};
  const auto neighbours = nearest_neighbours(model, examples, 3);
  const auto z = doubles(neighbours->logits(from_values(std::vector<float>{0, 9, 1, 0, 0}, {1, 5})));
  CHECK(z[0] == Approx((9 / std::sqrt(82.0) - 1) / 0.07).epsilon(1e-4));  // k = 1: one example a class
  CHECK(z[1] == Approx(std::log(1e-12)).epsilon(1e-4));
}

TEST_CASE("self-supervised losses ask for unlabelled rows alone") {
  const Learner rotation("rotation-pretrain"), exemplar("exemplar-pretrain");
  CHECK(rotation.method->views().labelled.empty());
  CHECK(rotation.method->views().unlabelled == std::vector<std::string>{"rotate"});
  CHECK(exemplar.method->views().unlabelled == std::vector<std::string>{""});
}

TEST_CASE("pretraining tests what the probe reads from its features") {
  for (const char* method : {"rotation-pretrain", "exemplar-pretrain"})
    for (const char* probe : {"linear", "knn"}) {
      INFO(method << " " << probe);
      Run run(pretraining(method, probe));
      const RunResult result = run.train("", false, {});
      CHECK(result.test.unrotated.n == 20);
      CHECK(result.test.unrotated.top1 > 0);
      CHECK(std::isfinite(result.test.unrotated.loss));
    }
}
