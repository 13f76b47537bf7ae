#include "s4l/core/ops/vat.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "s4l/core/rng.h"
#include "s4l/tests/support/near.h"
#include "s4l/tests/support/op_case.h"

using namespace s4l;
using namespace s4l::test;

namespace {

Tensor words_of(std::uint64_t step) { return from_values<std::int32_t>(Rng(7, Purpose::test, step).words(), {6}); }

/// The length of each row of a - b.
std::vector<double> lengths(const Tensor& a, const Tensor& b) {
  const auto x = doubles(a), y = doubles(b);
  const auto n = static_cast<std::size_t>(a.shape()[0]);
  std::vector<double> all;
  for (std::size_t row = 0; row < n; ++row) {
    double squares = 0;
    for (std::size_t i = row * x.size() / n; i < (row + 1) * x.size() / n; ++i) squares += std::pow(x[i] - y[i], 2);
    all.push_back(std::sqrt(squares));
  }
  return all;
}

}  // namespace

TEST_CASE("vat_start adds to each row xi times a random direction of its own") {
  for (const Shape& shape : {Shape{1, 1}, Shape{33, 31}, Shape{3, 1025}, Shape{2, 5, 5, 3}}) {
    const Tensor x = random_tensor(shape, DType::f64, 61), y = vat_start(x, 0.25, words_of(1));
    for (const double length : lengths(y, x)) CHECK(length == Approx(0.25).epsilon(1e-6));
    check_near(vat_start(x, 0.25, words_of(1)), doubles(y), 0, 0);
    check_op({.name = "vat_start " + to_text(shape),
              .inputs = {x},
              .wants_grad = {false},
              .forward = [](const auto& in) { return vat_start(in[0], 0.25, to(words_of(1), in[0].device())); },
              .reference = [&](const auto&) { return doubles(y); }});
  }
  const Tensor x = zeros({3, 1025}, DType::f64);
  const auto a = doubles(vat_start(x, 1, words_of(1))), b = doubles(vat_start(x, 1, words_of(2)));
  double same_row = 0, other_step = 0;
  for (std::size_t i = 0; i < 1025; ++i) same_row += a[i] * a[1025 + i], other_step += a[i] * b[i];
  CHECK(std::abs(same_row) < 0.15);  // cosines of independent directions: 5 standard deviations
  CHECK(std::abs(other_step) < 0.15);
  CHECK(vat_start(zeros({0, 4}), 1, words_of(1)).shape() == Shape{0, 4});
}

TEST_CASE("the numbers of vat_start are normal") {
  const std::int64_t n = 1 << 16;
  const auto d = doubles(vat_start(zeros({1, n}, DType::f64), std::sqrt(static_cast<double>(n)), words_of(3)));
  double mean = 0, fourth = 0;
  std::int64_t beyond_two = 0;
  for (const double x : d) mean += x, fourth += std::pow(x, 4), beyond_two += std::abs(x) > 2;
  CHECK(std::abs(mean / static_cast<double>(n)) < 0.02);
  CHECK(fourth / static_cast<double>(n) == Approx(3).epsilon(0.05));
  CHECK(static_cast<double>(beyond_two) / static_cast<double>(n) == Approx(0.0455).epsilon(0.06));
}

TEST_CASE("vat_step moves each row by the radius along the gradient") {
  for (const Shape& shape : {Shape{1, 1}, Shape{33, 31}, Shape{3, 1025}, Shape{2, 5, 5, 3}, Shape{0, 4}})
    check_op({.name = "vat_step " + to_text(shape),
              .inputs = {random_tensor(shape, DType::f64, 62), random_tensor(shape, DType::f64, 63, 1e-9)},
              .wants_grad = {false, false},
              .forward = [](const auto& in) { return vat_step(in[0], in[1], {.radius = 3}).x; },
              .reference =
                  [=](const auto& in) {
                    auto y = doubles(in[0]);
                    const auto g = doubles(in[1]), norm = lengths(in[1], zeros(shape, DType::f64));
                    const std::size_t size = norm.empty() ? 1 : y.size() / norm.size();
                    for (std::size_t i = 0; i < y.size(); ++i) y[i] += 3 * g[i] / norm[i / size];
                    return y;
                  }});
}

TEST_CASE("a row without a gradient stays where it is, a bound caps the radius") {
  const Tensor x = from_values(std::vector<float>{1, 2, 3, 4, 5, 6}, {3, 2});
  const Tensor g = from_values(std::vector<float>{0, 0, 0, 1e-30f, -2e-41f, 0}, {3, 2});
  const VatStep step = vat_step(x, g, {.radius = 8}, from_values(std::vector<float>{1, 9, 0.5f}, {3}));
  check_near(step.x, {1, 2, 3, 12, 4.5, 6}, 1e-6, 0);
  check_near(step.length, {0, 8, 0.5}, 1e-6, 0);
}

TEST_CASE("with a floor vat_step is the released program's: a small gradient moves little") {
  const Tensor x = zeros({2, 2}, DType::f64), g = from_values(std::vector<double>{3e-9, 4e-9, 3, 4}, {2, 2});
  const VatStep step = vat_step(x, g, {.radius = 40, .factor = 2, .floor = 1e-12});
  check_near(step.x, {40 * 6e-9 / 1e-6, 40 * 8e-9 / 1e-6, 24, 32}, 1e-9, 0);
  check_near(step.length, {0.4, 40}, 1e-9, 0);
}

TEST_CASE("half the distance to the nearest neighbour in the batch") {
  check_near(half_nearest_distance(from_values(std::vector<float>{0, 0, 3, 4, 0, 2}, {3, 2})),
             {1, std::sqrt(13.0) / 2, 1}, 1e-6, 0);
  CHECK(std::isinf(item(half_nearest_distance(zeros({1, 4})))));
  check_op({.name = "half_nearest_distance",
            .inputs = {random_tensor({33, 31}, DType::f64, 64)},
            .wants_grad = {false},
            .forward = [](const auto& in) { return half_nearest_distance(in[0]); },
            .reference = {}});
}

TEST_CASE("VAT's ops name what does not fit") {
  CHECK_THROWS_WITH(vat_start(zeros({2, 2}), 1, zeros({6})), Catch::Contains("f32"));
  CHECK_THROWS_WITH(vat_step(zeros({2, 2}), zeros({2, 3}), {}), Catch::Contains("(2, 3)"));
  CHECK_THROWS_WITH(vat_step(zeros({2, 2}), zeros({2, 2}), {}, zeros({3})), Catch::Contains("(3)"));
}
