#include "s4l/core/ops/kl_divergence.h"

#include <catch2/catch.hpp>
#include <algorithm>
#include <cmath>

#include "s4l/tests/kernels/device_case.h"

using namespace s4l;
using namespace s4l::test;

namespace {

struct Case {
  std::int64_t n, k;
  double distance = 1;  ///< of the perturbed logits from the clean
  DType dtype = DType::f32;
  bool aligned = true, gradient = true;
};

std::vector<long double> log_softmax(const double* z, std::int64_t k) {
  const long double max = *std::max_element(z, z + k);
  long double sum = 0;
  for (std::int64_t i = 0; i < k; ++i) sum += std::exp(z[i] - max);
  std::vector<long double> log_p;
  for (std::int64_t i = 0; i < k; ++i) log_p.push_back(z[i] - max - std::log(sum));
  return log_p;
}

/// Loss, rows and gradient by the definitions.
std::vector<Wanted> naive(const Case& c, KlOrder order, const std::vector<double>& z,
                          const std::vector<double>& clean) {
  const double r = rounding(c.dtype), n = static_cast<double>(c.n);
  Wanted loss{{0}, 4 * r, 0}, rows{{}, 4 * r, 0}, gz{{}, 8 * r, 0};
  double most = 0;
  for (std::int64_t i = 0; i < c.n; ++i) {
    const auto p = log_softmax(&z[static_cast<std::size_t>(i * c.k)], c.k),
               q = log_softmax(&clean[static_cast<std::size_t>(i * c.k)], c.k);
    const bool clean_first = order == KlOrder::clean_first;
    long double kl = 0;
    for (std::size_t j = 0; j < p.size(); ++j)
      kl += clean_first ? std::exp(q[j]) * (q[j] - p[j]) : std::exp(p[j]) * (p[j] - q[j]);
    rows.values.push_back(static_cast<double>(kl));
    loss.values[0] += static_cast<double>(kl) / n;
    for (std::size_t j = 0; c.gradient && j < p.size(); ++j) {
      gz.values.push_back(
          static_cast<double>(clean_first ? std::exp(p[j]) - std::exp(q[j]) : std::exp(p[j]) * (p[j] - q[j] - kl)) / n);
      most = std::max(most, std::abs(gz.values.back()));
    }
  }
  gz.atol = 2e-6 * most;
  if (c.k == 1) loss.atol = rows.atol = 1e-13, gz.atol = 1e-6;  // nothing but rounding
  return {loss, rows, gz};
}

void check_case(const Case& c) {
  INFO(c.n << " rows of " << c.k << " in " << to_text(c.dtype) << ", " << c.distance << " away");
  const auto clean = rounded_to(c.dtype, normals(c.n * c.k, 41, 2));
  auto z = normals(c.n * c.k, 42, c.distance);
  for (std::size_t i = 0; i < z.size(); ++i) z[i] += clean[i];
  z = rounded_to(c.dtype, z);
  const auto put = c.aligned ? on_device : on_device_unaligned;
  for (const KlOrder order : {KlOrder::perturbed_first, KlOrder::clean_first})
    check_on_device(
        [&] {
          const Tensor a = put(z, {c.n, c.k}, c.dtype), b = put(clean, {c.n, c.k}, c.dtype);
          const Tensor loss = empty({}, c.dtype, kCuda), rows = empty({c.n}, c.dtype, kCuda);
          const Tensor gz = c.gradient ? empty_like(a) : Tensor();
          kernel::kl_divergence(a, b, order, loss, rows, gz);
          return std::vector<Tensor>{loss, rows, c.gradient ? gz : empty({0}, c.dtype, kCuda)};
        },
        naive(c, order, z, clean));
}

}  // namespace

TEST_CASE("kl_divergence on the device agrees with the definition for rows of any length") {
  for (const auto& [n, k] : kRowShapes)
    if (k < 200 || !watched_for_races()) check_case({n, k});
  if (!watched_for_races()) check_case({1, 30000});
}

TEST_CASE("kl_divergence on the device takes every type, at any address, with or without a gradient") {
  for (const DType dtype : {DType::f32, DType::f64, DType::bf16, DType::f16}) {
    check_case({5, 64, 1, dtype});
    check_case({5, 10, 1, dtype});
    check_case({5, 64, 1, dtype, false, false});
  }
}

TEST_CASE("kl_divergence on the device keeps the digits of nearly equal logits") {
  for (const double distance : {1e-3, 0.1, 0.3}) {
    check_case({5, 10, distance});
    check_case({5, 100, distance});
    check_case({5, 10, distance, DType::f64});
  }
}

TEST_CASE("kl_divergence on the device is finite for logits far apart and does not lose a NaN") {
  const double nan = std::nan("");
  for (const KlOrder order : {KlOrder::perturbed_first, KlOrder::clean_first})
    check_on_device(
        [&] {
          const Tensor a = on_device({-500, 500, 0, nan, 0, 1}, {3, 2}, DType::f32);
          const Tensor b = on_device({500, -500, 0, 1, nan, 0}, {3, 2}, DType::f32);
          const Tensor loss = empty({}, DType::f32, kCuda), rows = empty({3}, DType::f32, kCuda);
          kernel::kl_divergence(a, b, order, loss, rows, Tensor());
          return std::vector<Tensor>{loss, rows};
        },
        {{{nan}}, {{1000, nan, nan}, 1e-6, 0}});
}
