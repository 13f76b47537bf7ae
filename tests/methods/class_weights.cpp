// --class-weights: labels as rows that hold the weight of their class.
#include <catch2/catch.hpp>

#include "s4l/core/ops/softmax_entropy.h"
#include "small_network.h"

using namespace s4l;
using namespace s4l::methods;
using namespace s4l::test;

namespace {

const std::vector<std::int32_t> kLabels{0, 1, 2, 1};

/// The same labels as rows that hold `weights` of the three classes.
Tensor weighted_rows(const std::vector<double>& weights) {
  std::vector<double> rows(12);
  for (std::size_t i = 0; i < 4; ++i) {
    const auto label = static_cast<std::size_t>(kLabels[i]);
    rows[3 * i + label] = weights[label];
  }
  return from_values(rows, {4, 3});
}

double loss_of(const std::string& method, std::vector<std::pair<std::string, OptionValue>> options, int rotations,
               const Tensor& labels) {
  Learner learner(method, std::move(options), DType::f64);
  const std::size_t views = learner.method->views().unlabelled.size();
  const std::vector<Tensor> u(views, pictures(4, 2, rotations, DType::f64));
  const Tensor x = pictures(4, 1, rotations, DType::f64);
  Metrics metrics;
  Step step{learner.network, x, labels, u, {}, Rng(0, Purpose::method), 1, metrics};
  return item(learner.method->loss(step));
}

}  // namespace

TEST_CASE("every method takes labels as rows, and a weight of 1 for every class changes nothing") {
  struct Case {
    const char* method;
    int rotations;
    std::vector<std::pair<std::string, OptionValue>> options;
  };
  for (const Case& c : {Case{"supervised", 1, {}}, Case{"rotation", 4, {}}, Case{"exemplar", 4, {}}, Case{"vat", 1, {}},
                        Case{"moam", 4, {}}, Case{"pseudo-label", 1, {}}, Case{"fixmatch", 1, {}}}) {
    INFO(c.method);
    const double hard = loss_of(c.method, c.options, c.rotations, from_values(kLabels, {4}));
    CHECK(loss_of(c.method, c.options, c.rotations, weighted_rows({1, 1, 1})) == Approx(hard).epsilon(1e-12));
    CHECK(loss_of(c.method, c.options, c.rotations, weighted_rows({1, 1, 3})) != Approx(hard).epsilon(1e-3));
  }
}

TEST_CASE("a row's cross entropy counts as often as its class weighs") {
  Learner learner("supervised", {}, DType::f64);
  const Tensor z = learner.network.forward(pictures(4, 1, 1, DType::f64), nn::Mode::train);
  const auto each = doubles(softmax_entropy(z, from_values(kLabels, {4})).cross_entropy);
  const double expected = (2 * each[0] + 0.5 * each[1] + 4 * each[2] + 0.5 * each[3]) / 4;
  CHECK(loss_of("supervised", {}, 1, weighted_rows({2, 0.5, 4})) == Approx(expected).epsilon(1e-12));
}
