#include "s4l/core/ops/triplet.h"

#include <catch2/catch.hpp>
#include <algorithm>
#include <cmath>

#include "s4l/tests/kernels/device_case.h"

using namespace s4l;
using namespace s4l::test;

namespace {

struct Case {
  std::int64_t n, size, views;
  int groups = 1;
  DType dtype = DType::f32;
  bool aligned = true, gradient = true;
};

using Matrix = std::vector<double>;

/// Anchors' losses and the gradient of their mean, from the definition: with farthest positives and nearest negatives
/// found by looking at all pairs, ties sharing the gradient.
std::vector<Wanted> naive(const Case& c, const Matrix& e, const std::vector<std::int32_t>& identity) {
  const double r = rounding(c.dtype), all = static_cast<double>(c.n);
  Matrix anchors, ge(e.size());
  const auto distance = [&](std::int64_t a, std::int64_t b) {
    double squares = 0;
    for (std::int64_t i = 0; i < c.size; ++i)
      squares += std::pow(e[static_cast<std::size_t>(a * c.size + i)] - e[static_cast<std::size_t>(b * c.size + i)], 2);
    return std::sqrt(std::max(squares, 1e-12));
  };
  for (std::int64_t j = 0; j < c.n; ++j) {
    const std::int64_t rows = c.n / c.groups, first = j / rows * rows;
    double hardest[2] = {-1, -1};  // negative, positive
    std::vector<std::int64_t> ties[2];
    for (std::int64_t k = first; k < first + rows; ++k) {
      if (k == j) continue;
      const bool same = identity[static_cast<std::size_t>(j)] == identity[static_cast<std::size_t>(k)];
      const double d = distance(j, k);
      double& best = hardest[same ? 1 : 0];
      if (best < 0 || (same ? d > best : d < best)) best = d, ties[same ? 1 : 0].clear();
      if (d == best) ties[same ? 1 : 0].push_back(k);
    }
    const bool complete = hardest[0] >= 0 && hardest[1] >= 0;
    const double gap = hardest[1] - hardest[0];
    anchors.push_back(complete ? std::log1p(std::exp(gap)) : 0);
    for (int same = 0; complete && same < 2; ++same)
      for (const std::int64_t k : ties[same]) {
        if (hardest[same] <= 1e-6) continue;  // clamped
        const double slope =
            (same == 1 ? 1 : -1) / (1 + std::exp(-gap)) / all / static_cast<double>(ties[same].size()) / hardest[same];
        for (std::int64_t i = 0; i < c.size; ++i) {
          const auto a = static_cast<std::size_t>(j * c.size + i), b = static_cast<std::size_t>(k * c.size + i);
          ge[a] += slope * (e[a] - e[b]);
          ge[b] -= slope * (e[a] - e[b]);
        }
      }
  }
  double sum = 0, most = 0;
  for (const double value : anchors) sum += value;
  for (const double value : ge) most = std::max(most, std::abs(value));
  if (!c.gradient) ge.clear();
  return {{{c.n == 0 ? 0 : sum / all}, 2 * r, 0}, {anchors, 3 * r, 0}, {ge, 4 * r, 4e-6 * most}};
}

void check_rows(const Case& c, const Matrix& e, const std::vector<std::int32_t>& identity) {
  INFO(c.n << " rows of " << c.size << " in " << c.groups << " groups, " << to_text(c.dtype));
  check_on_device(
      [&] {
        const Tensor rows = (c.aligned ? on_device : on_device_unaligned)(e, {c.n, c.size}, c.dtype);
        const Tensor loss = empty({}, c.dtype, kCuda), anchors = empty({c.n}, c.dtype, kCuda);
        const Tensor ge = c.gradient ? empty_like(rows) : Tensor();
        kernel::triplet(rows, from_values(identity, {c.n}, kCuda), c.groups, loss, anchors, ge);
        return std::vector<Tensor>{loss, anchors, c.gradient ? ge : empty({0}, c.dtype, kCuda)};
      },
      naive(c, e, identity));
}

void check_case(const Case& c) {
  std::vector<std::int32_t> identity;
  for (std::int64_t i = 0; i < c.n; ++i) identity.push_back(static_cast<std::int32_t>(i / c.views));
  check_rows(c, rounded_to(c.dtype, normals(c.n * c.size, 51)), identity);
}

}  // namespace

TEST_CASE("triplet on the device agrees with the definition for any number and length of rows") {
  for (const Case& c : {Case{0, 4, 2}, {6, 2, 2}, {33, 31, 3}, {24, 5, 2, 3}, {12, 3, 8}, {31, 1, 4}, {4, 2, 4}})
    check_case(c);
  if (watched_for_races()) return;
  for (const Case& c : {Case{8, 1025, 4}, {70, 64, 5}, {300, 3, 4}, {130, 40, 8, 2}}) check_case(c);
}

TEST_CASE("triplet on the device takes every type, at any address, with or without a gradient") {
  for (const DType dtype : {DType::f32, DType::f64, DType::bf16, DType::f16}) {
    check_case({12, 16, 3, 2, dtype});
    check_case({12, 16, 3, 1, dtype, false});
    check_case({12, 5, 3, 1, dtype, true, false});
  }
}

TEST_CASE("rows at the same distance share the gradient on the device, and equal rows have none") {
  check_rows({5, 2, 1}, {0, 0, 1, 0, -1, 0, 0, 2, 0, 2}, {0, 0, 0, 1, 1});
  check_rows({4, 2, 1}, {0, 0, 0, 0, 1, 1, 1, 1}, {0, 1, 0, 1});
}
