#include "s4l/core/ops/kl_divergence.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "s4l/tests/support/near.h"
#include "s4l/tests/support/op_case.h"

using namespace s4l;
using namespace s4l::test;

namespace {

std::vector<double> log_softmax(const double* z, std::size_t k) {
  double sum = 0;
  for (std::size_t i = 0; i < k; ++i) sum += std::exp(z[i]);
  std::vector<double> log_p;
  for (std::size_t i = 0; i < k; ++i) log_p.push_back(z[i] - std::log(sum));
  return log_p;
}

std::vector<double> naive(const Tensor& z, const Tensor& clean, KlOrder order) {
  const auto n = static_cast<std::size_t>(z.shape()[0]), k = static_cast<std::size_t>(z.shape()[1]);
  const auto a = doubles(z), b = doubles(clean);
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    auto first = log_softmax(&a[i * k], k), second = log_softmax(&b[i * k], k);
    if (order == KlOrder::clean_first) std::swap(first, second);
    for (std::size_t j = 0; j < k; ++j) sum += std::exp(first[j]) * (first[j] - second[j]);
  }
  return {n == 0 ? 0 : sum / static_cast<double>(n)};
}

}  // namespace

TEST_CASE("the KL divergence and its gradient are the specification's, in both orders") {
  Tensor z = from_values(std::vector<float>{2, 0, -1}, {1, 3});
  const Tensor clean = from_values(std::vector<float>{1, 1, 0}, {1, 3});
  z.set_requires_grad(true);
  const KlDivergence kl = kl_divergence(z, clean);
  check_near(kl.rows, {0.379738}, 0, 1e-6);
  backward(kl.loss);
  check_near(z.grad(), {0.263610, -0.192715, -0.070896}, 0, 1e-6);
  check_near(kl_divergence(z, clean, KlOrder::clean_first).loss, {0.463214}, 0, 1e-6);
}

TEST_CASE("kl_divergence agrees with its definition on awkward sizes, for near and far logits") {
  for (const KlOrder order : {KlOrder::perturbed_first, KlOrder::clean_first})
    for (const Shape& shape : {Shape{1, 1}, Shape{2, 2}, Shape{33, 31}, Shape{3, 1025}, Shape{0, 4}})
      for (const double distance : {0.1, 1.0, 3.0}) {
        const Tensor clean = random_tensor(shape, DType::f64, 41, 2);
        std::vector<double> near = doubles(clean);
        const auto noise = doubles(random_tensor(shape, DType::f64, 42, distance));
        for (std::size_t i = 0; i < near.size(); ++i) near[i] += noise[i];
        check_op({.name = "kl_divergence " + to_text(shape),
                  .inputs = {from_values(near, shape), clean},
                  .wants_grad = {true, false},
                  .forward = [=](const auto& in) { return kl_divergence(in[0], in[1], order).loss; },
                  .reference = [=](const auto& in) { return naive(in[0], in[1], order); },
                  .tolerance = 1e-4});
      }
}

TEST_CASE("the divergence of nearly equal logits keeps its digits in f32") {
  // To second order KL = sum_k p_k (e_k - mean)^2 / 2 of the difference e, which is exact in f32 here.
  const Tensor clean = from_values(std::vector<float>{0.5f, 0.25f, -0.5f}, {1, 3});
  Tensor z = from_values(std::vector<float>{0.5f + 0x1p-14f, 0.25f, -0.5f}, {1, 3});
  z.set_requires_grad(true);
  const KlDivergence kl = kl_divergence(z, clean);
  const double p = std::exp(log_softmax(doubles(clean).data(), 3)[0]), e = 0x1p-14;
  CHECK(item(kl.loss) == Approx(p * (1 - p) * e * e / 2).epsilon(1e-4));
  backward(kl.loss);
  CHECK(doubles(z.grad())[0] == Approx(p * (1 - p) * e).epsilon(1e-3));
  CHECK(item(kl_divergence(clean, clean).loss) == 0);
}

TEST_CASE("the divergence has its digits in f32 up to where differences count as far, and beyond") {
  const std::vector<float> clean = {0.25f, -0.5f, 1, 0};
  for (const float distance : {0.375f, 0.5f, 0.625f, 1.0f, 1.125f})
    for (const KlOrder order : {KlOrder::perturbed_first, KlOrder::clean_first}) {
      const std::vector<float> z = {0.25f + distance, -0.5f - distance, 1, 0};
      const Tensor a = from_values(z, {1, 4}), b = from_values(clean, {1, 4});
      INFO("differences of " << distance);
      CHECK(item(kl_divergence(a, b, order).loss) == Approx(naive(a, b, order)[0]).epsilon(2e-6));
    }
}

TEST_CASE("far apart logits give a finite divergence, and a NaN is not lost") {
  const Tensor clean = from_values(std::vector<float>{500, -500}, {1, 2});
  const Tensor z = from_values(std::vector<float>{-500, 500}, {1, 2});
  CHECK(item(kl_divergence(z, clean).loss) == Approx(1000));
  CHECK(item(kl_divergence(z, clean, KlOrder::clean_first).loss) == Approx(1000));
  const Tensor nan = from_values(std::vector<float>{0, std::numeric_limits<float>::quiet_NaN()}, {1, 2});
  CHECK(std::isnan(item(kl_divergence(nan, clean).loss)));
  CHECK(std::isnan(item(kl_divergence(clean, nan).loss)));
}

TEST_CASE("kl_divergence names what does not fit") {
  CHECK_THROWS_WITH(kl_divergence(zeros({3}), zeros({3})), Catch::Contains("(3)"));
  CHECK_THROWS_WITH(kl_divergence(zeros({2, 3}), zeros({3, 2})), Catch::Contains("(3, 2)"));
}
