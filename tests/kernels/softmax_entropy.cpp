#include "s4l/core/ops/softmax_entropy.h"

#include <catch2/catch.hpp>
#include <algorithm>
#include <cmath>
#include <limits>

#include "s4l/tests/kernels/device_case.h"

using namespace s4l;
using namespace s4l::test;

namespace {

enum class Labels { none, hard, soft };

struct Case {
  std::int64_t n, k;
  Labels labels = Labels::hard;
  SoftmaxEntropyOptions options{};
  DType dtype = DType::f32;
  bool aligned = true, gradient = true;
};

struct Rows {
  std::vector<double> z, soft;
  std::vector<std::int32_t> hard;
};

Rows rows_of(const Case& c) {
  Rows rows{rounded_to(c.dtype, normals(c.n * c.k, 11, 3)), {}, {}};
  for (std::int64_t i = 0; i < c.n; ++i) rows.hard.push_back(i % 5 == 4 ? -1 : static_cast<std::int32_t>(i * 7 % c.k));
  for (std::int64_t i = 0; i < c.n * c.k; ++i) rows.soft.push_back(static_cast<double>((i * i + 3 * i) % 8) / 16);
  return rows;
}

/// Row i's label distribution, empty for none.
std::vector<double> target(const Case& c, const Rows& rows, std::int64_t i) {
  const auto k = static_cast<std::size_t>(c.k), row = static_cast<std::size_t>(i);
  std::vector<double> t(k);
  if (c.labels == Labels::none || (c.labels == Labels::hard && rows.hard[row] < 0)) return {};
  if (c.labels == Labels::hard)
    t[static_cast<std::size_t>(rows.hard[row])] = 1;
  else
    std::copy_n(rows.soft.begin() + static_cast<std::ptrdiff_t>(row * k), k, t.begin());
  for (double& value : t)
    value = (1 - c.options.label_smoothing) * value + c.options.label_smoothing / static_cast<double>(c.k);
  return t;
}

std::ptrdiff_t first_largest(const std::vector<double>& values) {
  return std::max_element(values.begin(), values.end()) - values.begin();
}

/// Loss, cross entropies, entropies, hits and gradient by the definitions.
std::vector<Wanted> naive(const Case& c) {
  const Rows rows = rows_of(c);
  const double n = static_cast<double>(c.n), r = rounding(c.dtype);
  Wanted loss{{0}, r, r}, ce{{}, r, r}, h{{}, r, r}, hit{{}, 0, 0}, gz{{}, 8 * r, r / n};
  for (std::int64_t i = 0; i < c.n; ++i) {
    const auto begin = rows.z.begin() + i * c.k;
    const std::vector<double> z(begin, begin + c.k), t = target(c, rows, i);
    const double max = *std::max_element(z.begin(), z.end());
    double sum = 0, entropy = 0, cross_entropy = 0, total = 0;
    for (const double value : z) sum += std::exp(value - max);
    std::vector<double> log_p;
    for (const double value : z) log_p.push_back(value - max - std::log(sum));
    for (std::size_t j = 0; j < z.size(); ++j) {
      entropy -= std::exp(log_p[j]) * log_p[j];
      if (t.empty()) continue;
      cross_entropy -= t[j] * log_p[j];
      total += t[j];
    }
    for (std::size_t j = 0; j < z.size(); ++j) {
      const double p = std::exp(log_p[j]);
      gz.values.push_back((c.options.cross_entropy * (t.empty() ? 0 : total * p - t[j]) -
                           c.options.entropy * p * (log_p[j] + entropy)) /
                          n);
    }
    ce.values.push_back(cross_entropy);
    h.values.push_back(entropy);
    hit.values.push_back(!t.empty() && first_largest(z) == first_largest(t) ? 1 : 0);
    loss.values[0] += (c.options.cross_entropy * cross_entropy + c.options.entropy * entropy) / n;
  }
  if (!c.gradient) gz.values.clear();
  return {loss, ce, h, hit, gz};
}

std::vector<Tensor> compute(const Tensor& z, const Tensor& labels, const SoftmaxEntropyOptions& options,
                            bool gradient) {
  const auto per_row = [&] { return empty({z.shape()[0]}, z.dtype(), kCuda); };
  const Tensor loss = empty({}, z.dtype(), kCuda), ce = per_row(), h = per_row(), hit = per_row();
  const Tensor gz = gradient ? empty_like(z) : Tensor();
  kernel::softmax_entropy(z, labels, options, loss, ce, h, hit, gz);
  return {loss, ce, h, hit, gradient ? gz : empty({0}, z.dtype(), kCuda)};
}

void check_case(const Case& c) {
  INFO(c.n << " rows of " << c.k << " in " << to_text(c.dtype) << ", labels " << static_cast<int>(c.labels));
  const Rows rows = rows_of(c);
  const auto put = c.aligned ? on_device : on_device_unaligned;
  check_on_device(
      [&] {
        const Tensor z = put(rows.z, {c.n, c.k}, c.dtype);
        const Tensor labels = c.labels == Labels::none   ? Tensor()
                              : c.labels == Labels::hard ? from_values(rows.hard, {c.n}, kCuda)
                                                         : put(rows.soft, {c.n, c.k}, c.dtype);
        return compute(z, labels, c.options, c.gradient);
      },
      naive(c));
}

}  // namespace

TEST_CASE("softmax_entropy on the device agrees with the definitions for rows of any length") {
  const std::int64_t most = watched_for_races() ? 130 : 1025;
  for (const auto& [n, k] : kRowShapes)
    if (k <= most || !watched_for_races()) check_case({n, k, Labels::hard, {.entropy = 0.3}});
}

TEST_CASE("softmax_entropy on the device takes every kind of label and weight, in every type") {
  for (const DType dtype : {DType::f32, DType::f64, DType::bf16, DType::f16})
    for (const auto& [n, k] : {std::pair<std::int64_t, std::int64_t>{6, 10}, {6, 40}}) {
      check_case({n, k, Labels::none, {.entropy = 1}, dtype});
      check_case({n, k, Labels::hard, {.cross_entropy = 2, .label_smoothing = 0.2}, dtype});
      check_case({n, k, Labels::soft, {.cross_entropy = 0.7, .entropy = 0.3}, dtype});
      check_case({n, k, Labels::soft, {.label_smoothing = 0.1}, dtype, false});
    }
  check_case({6, 64, Labels::hard, {}, DType::f32, false});
  check_case({6, 64, Labels::hard, {}, DType::bf16, true, false});
  if (!watched_for_races()) check_case({2, 2048, Labels::soft, {.entropy = 0.1}, DType::bf16});
}

TEST_CASE("the largest rows of softmax_entropy are read again where shared memory ends") {
  if (watched_for_races()) return;
  check_case({2, 60000, Labels::hard, {.entropy = 1}});
  check_case({1, 60001, Labels::soft, {}, DType::f64});
}

TEST_CASE("softmax_entropy on the device treats infinities, NaN, ties and wrong labels as the CPU does") {
  const double never = -std::numeric_limits<double>::infinity(), nan = std::nan("");
  const std::vector<double> z = {1,     3,     3,      //
                                 1,     3,     3,      //
                                 1,     never, 2,      //
                                 never, never, never,  //
                                 0,     nan,   1,      //
                                 1e4,   -1e4,  0,      //
                                 0,     0,     0,      //
                                 0,     0,     0};
  const std::vector<std::int32_t> labels = {1, 2, 1, 0, 0, 1, 3, -2};
  const double ce = std::log(2 + std::exp(-2.0)),
               h = 2 / (2 + std::exp(-2.0)) * ce + std::exp(-2.0) / (2 + std::exp(-2.0)) * (2 + ce);
  const double two = 1 / (1 + std::exp(-1.0)), h_two = -two * std::log(two) - (1 - two) * std::log(1 - two);
  check_on_device(
      [&] {
        return compute(on_device(z, {8, 3}, DType::f32), from_values(labels, {8}, kCuda), {}, false);
      },
      {{{nan}},
       {{ce, ce, -never, nan, nan, 2e4, nan, nan}},
       {{h, h, h_two, nan, nan, 0, std::log(3.0), std::log(3.0)}, 1e-6, 1e-6},
       {{1, 0, 0, 0, 0, 0, 0, 0}, 0, 0},
       {{}}});
}

TEST_CASE("softmax_entropy on the device gives logits without a probability the gradient of their label alone") {
  const double never = -std::numeric_limits<double>::infinity(), e = std::exp(-1.0), p = 1 / (1 + e), q = e / (1 + e);
  const double h = -p * std::log(p) - q * std::log(q), c = 2, entropy = 0.5;
  const auto slope = [&](double share, double t) {
    return (c * (share - t) - entropy * share * (std::log(share) + h)) / 2;
  };
  check_on_device(
      [&] {
        auto all = compute(on_device({1, never, 2, 0, 1, -1e4}, {2, 3}, DType::f32),
                           from_values(std::vector<std::int32_t>{0, 2}, {2}, kCuda),
                           {.cross_entropy = c, .entropy = entropy}, true);
        return std::vector<Tensor>{all[2], all[4]};
      },
      {{{h, h}, 1e-6, 0}, {{slope(q, 1), 0, slope(p, 0), slope(q, 0), slope(p, 0), -c / 2}, 1e-5, 1e-6}});
}
