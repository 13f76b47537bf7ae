#include "s4l/core/ops/triplet.h"

#include <catch2/catch.hpp>
#include <algorithm>
#include <array>
#include <cmath>

#include "s4l/core/autograd.h"
#include "s4l/core/ops/l2_normalize.h"
#include "s4l/tests/support/near.h"
#include "s4l/tests/support/op_case.h"

using namespace s4l;
using namespace s4l::test;

namespace {

Tensor identities(std::int64_t n, std::int64_t views) {
  std::vector<std::int32_t> ids;
  for (std::int64_t i = 0; i < n; ++i) ids.push_back(static_cast<std::int32_t>(i / views));
  return from_values(ids, {n});
}

std::vector<double> naive(const Tensor& embeddings, const Tensor& identity, std::size_t groups) {
  const auto e = doubles(embeddings), id = doubles(identity);
  const auto n = static_cast<std::size_t>(embeddings.shape()[0]), d = static_cast<std::size_t>(embeddings.shape()[1]);
  double sum = 0;
  for (std::size_t j = 0; j < n; ++j) {
    double positive = -1, negative = -1;
    for (std::size_t k = 0; k < n; ++k) {
      if (k == j || k * groups / n != j * groups / n) continue;
      double squared = 0;
      for (std::size_t i = 0; i < d; ++i) squared += std::pow(e[j * d + i] - e[k * d + i], 2);
      const double distance = std::sqrt(std::max(squared, 1e-12));
      if (id[j] == id[k]) positive = std::max(positive, distance);
      if (id[j] != id[k]) negative = negative < 0 ? distance : std::min(negative, distance);
    }
    if (positive >= 0 && negative >= 0) sum += std::log1p(std::exp(positive - negative));
  }
  return {n == 0 ? 0 : sum / static_cast<double>(n)};
}

const std::vector<float> kRows = {1, 0, 0.8f, 0.6f, 0, 2, -1, 1, -3, 0, 0, -1};

}  // namespace

TEST_CASE("the triplet loss is the specification's, with intended and released identities") {
  const Tensor e = l2_normalize(from_values(kRows, {6, 2}));
  const Triplet intended = triplet(e, identities(6, 2));
  check_near(intended.anchors, {0.376792, 0.570716, 0.630698, 0.693147, 1.069298, 0.693147}, 0, 2e-6);
  check_near(intended.loss, {0.672300}, 0, 1e-6);
  check_near(triplet(e, identities(6, 3)).loss, {0.865776}, 0, 1e-6);
}

TEST_CASE("an embedding that is not finite makes the triplet loss and its own gradient NaN, whoever is beside it") {
  for (const Device& device : devices())
    for (const float bad : {NAN, INFINITY})
      for (const std::int64_t views : {1, 2, 6}) {  // 1: no positives, 6: no negatives
        std::vector<float> rows = kRows;
        rows[5] = bad;
        INFO(bad << " " << views);
        Tensor e = to(from_values(rows, {6, 2}), device);
        e.set_requires_grad(true);
        const Tensor loss = triplet(e, to(identities(6, views), device)).loss;
        CHECK(std::isnan(item(loss)));
        CHECK(std::isnan(doubles(grad(loss, std::array{e})[0])[4]));
      }
}

TEST_CASE("triplet agrees with its definition, also in groups") {
  struct Size {
    std::int64_t n, d, views;
    int groups;
  };
  for (const Size& s : {Size{6, 2, 2, 1}, Size{33, 31, 3, 1}, Size{8, 1025, 4, 1}, Size{24, 5, 2, 3}, Size{0, 4, 2, 1},
                        Size{12, 3, 8, 1}})
    check_op({.name = "triplet of " + std::to_string(s.n) + " rows in " + std::to_string(s.groups) + " groups",
              .inputs = {random_tensor({s.n, s.d}, DType::f64, 51), identities(s.n, s.views)},
              .wants_grad = {true, false},
              .forward = [=](const auto& in) { return triplet(in[0], in[1], s.groups).loss; },
              .reference = [=](const auto& in) { return naive(in[0], in[1], static_cast<std::size_t>(s.groups)); },
              .tolerance = 1e-4});
}

TEST_CASE("an anchor without a positive or a negative is worth nothing and counts in the mean") {
  Tensor e = from_values(std::vector<double>{0, 0, 1, 0, 0, 3}, {3, 2});
  e.set_requires_grad(true);
  const Triplet t = triplet(e, from_values(std::vector<std::int32_t>{0, 0, 1}, {3}));
  const double one = std::log1p(std::exp(1.0 - 3.0)), two = std::log1p(std::exp(1.0 - std::sqrt(10.0)));
  check_near(t.anchors, {one, two, 0}, 1e-12, 0);
  check_near(t.loss, {(one + two) / 3}, 1e-12, 0);
  const Triplet alone = triplet(e, from_values(std::vector<std::int32_t>{0, 0, 0}, {3}));
  check_near(alone.loss, {0}, 0, 0);
  backward(alone.loss);
  check_near(e.grad(), std::vector<double>(6, 0.0), 0, 0);
}

TEST_CASE("rows at the same distance share the gradient, and equal rows have none") {
  Tensor e = from_values(std::vector<double>{0, 0, 1, 0, -1, 0, 0, 2, 0, 2}, {5, 2});
  e.set_requires_grad(true);
  // Anchor 0 has the positives 1 and 2 at distance 1, and the equal negatives 3 and 4; those two alone have each other.
  backward(triplet(e, from_values(std::vector<std::int32_t>{0, 0, 0, 1, 1}, {5})).loss);
  const auto g = doubles(e.grad());
  CHECK(std::abs(g[0]) < 1e-12);  // pulled equally to both sides
  CHECK(g[2] == Approx(-g[4]));   // and pulling back equally
  CHECK(g[6] == Approx(g[8]).margin(1e-12));
  CHECK(g[7] == Approx(g[9]));
  CHECK(std::all_of(g.begin(), g.end(), [](double value) { return std::isfinite(value); }));
}

TEST_CASE("triplet names what does not fit") {
  CHECK_THROWS_WITH(triplet(zeros({2, 2, 2}), identities(2, 1)), Catch::Contains("(2, 2, 2)"));
  CHECK_THROWS_WITH(triplet(zeros({4, 2}), identities(3, 1)), Catch::Contains("(4)") && Catch::Contains("(3)"));
  CHECK_THROWS_WITH(triplet(zeros({4, 2}), identities(4, 1), 3), Catch::Contains("divide"));
}
