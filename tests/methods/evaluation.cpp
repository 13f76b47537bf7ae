#include "s4l/methods/training/evaluation.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "s4l/core/ops/view.h"
#include "s4l/tests/support/near.h"

using namespace s4l;
using namespace s4l::methods;

namespace {

/// Pictures of one colour; the colour's red value is the picture's number.
struct Numbers final : data::Dataset {
  std::vector<std::int64_t> labels{0, 1, 2, 0};
  std::vector<std::string> names{"a", "b", "c"};
  std::int64_t size() const override { return 4; }
  const std::vector<std::string>& class_names() const override { return names; }
  data::Size image_size(std::int64_t) const override { return {2, 2}; }
  data::Image image(std::int64_t index, data::Box box) const override {
    data::Image image(box.height, box.width);
    for (std::size_t i = 0; i < image.pixels.size(); i += 3) image.pixels[i] = static_cast<std::uint8_t>(index);
    return image;
  }
  std::int64_t label(std::int64_t index) const override { return labels[static_cast<std::size_t>(index)]; }
  data::Part part(std::int64_t) const override { return data::Part::test; }
  std::string path(std::int64_t index) const override { return std::to_string(index); }
};

/// Answers picture i (by its red value, each row a view) with row i of a table.
struct Table final : nn::Classifier {
  std::vector<std::vector<float>> by_view;  // [view][picture * 3 + class]
  Tensor features(const Tensor& x, nn::Mode mode) override {
    REQUIRE(mode == nn::Mode::eval);
    const auto values = values_of<float>(x);
    const std::int64_t n = x.shape()[0], row = x.numel() / n;
    const auto views = static_cast<std::int64_t>(by_view.size());
    std::vector<float> logits;
    for (std::int64_t i = 0; i < n; ++i) {
      const auto picture = std::lround((values[static_cast<std::size_t>(i * row)] * 0.5f + 0.5f) * 255);
      const auto& table = by_view[static_cast<std::size_t>(i % views)];
      for (long k = 0; k < 3; ++k) logits.push_back(table[static_cast<std::size_t>(picture * 3 + k)]);
    }
    return from_values(logits, {n, 3});
  }
  Tensor logits(const Tensor& f) override { return f; }
  std::int64_t feature_size() const override { return 3; }
  void visit(nn::Visitor&) override {}
};

}  // namespace

TEST_CASE("wilson's interval agrees with published values") {
  const Interval ten = wilson(8, 10);  // R: prop.test(8, 10, correct = FALSE)
  CHECK(ten.low == Approx(0.4901625).epsilon(1e-6));
  CHECK(ten.high == Approx(0.9433178).epsilon(1e-6));
  CHECK(wilson(0, 20).low == 0.0);
  CHECK(wilson(20, 20).high == 1.0);
  CHECK(wilson(0, 0).low == 0.0);
}

TEST_CASE("evaluation counts hits, ties and non-finite rows as the spec says") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Table model;
  model.by_view = {{5, 1, 1, /**/ 2, 2, 0, /**/ 3, 0, 1, /**/ nan, 0, 0}};
  Numbers data;
  const Evaluation e = evaluate(model, data, {0, 1, 2, 3}, data::Pipeline("-1_to_1"), 3, kCpu);
  CHECK(e.unrotated.n == 4);
  CHECK(e.unrotated.top1 == 2);  // picture 0, and picture 1 whose label ties with the largest
  CHECK(e.unrotated.top5 == 3);  // three classes: all but the row that is not finite
  CHECK_FALSE(e.rot_avg);
  CHECK(e.predictions.size() == 4);
  CHECK(e.predictions[0].confidence == Approx(std::exp(5.0) / (std::exp(5.0) + 2 * std::exp(1.0))));
}

TEST_CASE("a network that says the same of every class has hit nothing") {
  Table model;
  model.by_view = {std::vector<float>(12, 0.0f)};
  Numbers data;
  const Evaluation e = evaluate(model, data, {0, 1, 2, 3}, data::Pipeline("-1_to_1"), 4, kCpu);
  CHECK(e.unrotated.n == 4);
  CHECK(e.unrotated.top1 == 0);
  CHECK(e.unrotated.top5 == 0);
}

TEST_CASE("rot_avg is the score of the mean of four views' logits") {
  Table model;
  const std::vector<float> right = {9, 0, 0, 0, 9, 0, 0, 0, 9, 9, 0, 0}, wrong = {0, 2, 0, 2, 0, 0, 0, 2, 0, 0, 2, 0};
  model.by_view = {wrong, right, wrong, wrong};  // upright is wrong, the mean is right
  Numbers data;
  const Evaluation e = evaluate(model, data, {0, 1, 2, 3}, data::Pipeline("-1_to_1|rotate"), 4, kCpu);
  CHECK(e.unrotated.top1 == 0);
  REQUIRE(e.rot_avg);
  CHECK(e.rot_avg->top1 == 4);
}

TEST_CASE("per-class figures follow from the confusion matrix") {
  Evaluation e;
  e.classes = 2;
  e.confusion = {3, 1, 2, 4};
  const auto figures = e.per_class();
  CHECK(figures[0].support == 4);
  CHECK(figures[0].recall == Approx(0.75));
  CHECK(figures[0].precision == Approx(0.6));
  CHECK(figures[1].f1 == Approx(2 * 0.8 * (4.0 / 6) / (0.8 + 4.0 / 6)));
}

TEST_CASE("calibration bins what was claimed against what came true") {
  Evaluation e;
  e.predictions = {{0, 1, 1, 0.95}, {1, 0, 1, 0.93}, {2, 1, 1, 1.0}, {3, 0, 0, 0.55}, {4, -1, 0, 0.55}};
  const auto bins = e.calibration();
  REQUIRE(bins.size() == 10);
  CHECK(bins[9].n == 3);
  CHECK(bins[9].confidence == Approx(0.96));
  CHECK(bins[9].accuracy == Approx(2.0 / 3));
  CHECK(bins[5].n == 1);  // a picture without label counts nowhere
  CHECK(e.calibration_error() == Approx((3 * (0.96 - 2.0 / 3) + 0.45) / 4));
  CHECK(Evaluation{}.calibration_error() == 0.0);
}

TEST_CASE("macro means leave out classes without pictures") {
  Evaluation e;
  e.classes = 3;
  e.confusion = {3, 1, 0, 2, 4, 0, 0, 0, 0};
  CHECK(e.macro_mean().recall == Approx((0.75 + 4.0 / 6) / 2));
  CHECK(e.macro_mean().support == 10);
}
