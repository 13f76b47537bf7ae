#include <catch2/catch.hpp>
#include <cmath>

#include "s4l/core/autograd.h"
#include "s4l/core/ops/linear.h"
#include "s4l/core/ops/view.h"
#include "s4l/methods/method.h"
#include "s4l/methods/training/streams.h"
#include "s4l/nn/walk.h"
#include "s4l/tests/support/near.h"

using namespace s4l;
using namespace s4l::methods;
using namespace s4l::test;

namespace {

constexpr int kFeatures = 5, kClasses = 3;

/// A network whose features are its input, so that a loss can be computed by hand.
struct Flat final : nn::Classifier {
  Tensor weight = random_tensor({kClasses, kFeatures}, DType::f32, 3);
  std::int64_t rows_seen = 0;
  Tensor features(const Tensor& x, nn::Mode) override {
    rows_seen = x.shape()[0];
    return reshape(x, {x.shape()[0], kFeatures});
  }
  Tensor logits(const Tensor& f) override { return linear(f, weight); }
  std::int64_t feature_size() const override { return kFeatures; }
  void visit(nn::Visitor&) override {}
};

struct MethodModule final : nn::Module {
  Method& method;
  explicit MethodModule(Method& m) : method(m) {}
  Tensor forward(const Tensor& x, nn::Mode) override { return x; }
  void visit(nn::Visitor& visitor) override { method.visit(visitor); }
};

/// -log softmax(w f)[label], in double.
double cross_entropy_by_hand(const double* f, const std::vector<double>& w, int classes, int label) {
  std::vector<double> z(static_cast<std::size_t>(classes));
  double sum = 0;
  for (int k = 0; k < classes; ++k) {
    for (int j = 0; j < kFeatures; ++j)
      z[static_cast<std::size_t>(k)] += w[static_cast<std::size_t>(k * kFeatures + j)] * f[j];
    sum += std::exp(z[static_cast<std::size_t>(k)]);
  }
  return std::log(sum) - z[static_cast<std::size_t>(label)];
}

struct Case {
  Flat model;
  std::unique_ptr<Method> method;
  Tensor x = random_tensor({8, kFeatures, 1, 1}, DType::f32, 5);                  // 2 pictures, 4 rotations
  std::vector<Tensor> u = {random_tensor({12, kFeatures, 1, 1}, DType::f32, 6)};  // 3 pictures
  Tensor labels = from_values(std::vector<std::int32_t>{2, 0}, {2});
  std::vector<double> head;
  Metrics metrics;

  explicit Case(std::vector<std::pair<std::string, OptionValue>> values) {
    MethodOptions options;
    options.classes = kClasses;
    options.feature_size = kFeatures;
    options.values = std::move(values);
    method = make_method("rotation", options);
    MethodModule module(*method);
    head = doubles(nn::parameters_of(module).at(0).parameter->value);
  }
  double loss(int replicas = 1) {
    Step step{model, x, labels, u, {}, Rng(0, Purpose::method), replicas, metrics};
    return item(method->loss(step));
  }
  double class_loss() const {
    const auto f = doubles(x), w = doubles(model.weight);
    double sum = 0;
    for (int row = 0; row < 8; ++row)
      sum += cross_entropy_by_hand(&f[static_cast<std::size_t>(row * kFeatures)], w, kClasses, row < 4 ? 2 : 0);
    return sum / 8;
  }
  double rotation_loss(const Tensor& rows) const {
    const auto f = doubles(rows);
    const auto n = static_cast<int>(rows.shape()[0]);
    double sum = 0;
    for (int row = 0; row < n; ++row)
      sum += cross_entropy_by_hand(&f[static_cast<std::size_t>(row * kFeatures)], head, 4, row % 4);
    return sum / n;
  }
};

}  // namespace

TEST_CASE("the loss of rotation is the paper's, on both streams") {
  Case c({{"rot-weight", 0.7}});
  CHECK(c.loss() ==
        Approx(c.class_loss() + 0.7 * 0.5 * (c.rotation_loss(c.u[0]) + c.rotation_loss(c.x))).epsilon(1e-5));
  CHECK(c.model.rows_seen == 20);
}

TEST_CASE("rotation's two rotation losses can be switched off one by one") {
  Case unsup({{"rot-loss-sup", 0}});
  CHECK(unsup.loss() == Approx(unsup.class_loss() + unsup.rotation_loss(unsup.u[0])).epsilon(1e-5));
  Case sup({{"rot-loss-unsup", 0}});
  CHECK(sup.loss() == Approx(sup.class_loss() + sup.rotation_loss(sup.x)).epsilon(1e-5));
  CHECK(sup.model.rows_seen == 8);  // unlabelled pictures are not forwarded at all (spec 2.3)
  CHECK(sup.method->views().unlabelled.empty());
  Case none({{"rot-loss-sup", 0}, {"rot-loss-unsup", 0}});
  CHECK(none.loss() == Approx(none.class_loss()).epsilon(1e-5));
}

TEST_CASE("supervised is the mean cross entropy of the labelled rows") {
  Case c({});
  MethodOptions options;
  c.method = make_method("supervised", options);
  c.x = random_tensor({2, kFeatures, 1, 1}, DType::f32, 9);
  const auto f = doubles(c.x), w = doubles(c.model.weight);
  const double expected =
      0.5 * (cross_entropy_by_hand(&f[0], w, kClasses, 2) + cross_entropy_by_hand(&f[kFeatures], w, kClasses, 0));
  CHECK(c.loss() == Approx(expected).epsilon(1e-5));
  CHECK(c.method->views().unlabelled.empty());
}

TEST_CASE("streams join chunk by chunk of each virtual replica and come back in their own order") {
  std::vector<double> a, b;
  for (int i = 0; i < 4; ++i) a.push_back(i);
  for (int i = 10; i < 16; ++i) b.push_back(i);
  const std::vector<Tensor> streams = {from_values(a, {4, 1}), from_values(b, {6, 1})};
  const Streams two(streams, 2);
  check_near(two.rows(), {0, 1, 10, 11, 12, 2, 3, 13, 14, 15}, 0, 0);
  check_near(two.part(two.rows(), 0), a, 0, 0);
  check_near(two.part(two.rows(), 1), b, 0, 0);
  REQUIRE_THROWS_WITH(Streams(streams, 4), Catch::Contains("virtual-replicas"));
}

TEST_CASE("an unknown method's or option's error lists the known ones") {
  REQUIRE_THROWS_WITH(find_method("rotate"), Catch::Contains("rotation") && Catch::Contains("supervised"));
  MethodOptions options;
  options.values = {{"rot-wieght", 1}};
  REQUIRE_THROWS_WITH(make_method("rotation", options), Catch::Contains("rot-weight") && Catch::Contains("rot-wieght"));
}
