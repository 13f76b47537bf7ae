#include "s4l/core/ops/softmax.h"

#include <catch2/catch.hpp>
#include <algorithm>
#include <cmath>

#include "s4l/tests/kernels/device_case.h"

using namespace s4l;
using namespace s4l::test;

namespace {

struct Case {
  std::int64_t n, k;
  DType dtype = DType::f32;
  bool aligned = true;
};

/// Probabilities of the rows, and the gradient of those that `p` holds as rounded.
std::vector<double> probabilities(const std::vector<double>& z, std::size_t k) {
  std::vector<double> p(z.size());
  for (std::size_t at = 0; at < z.size(); at += k) {
    const double max = *std::max_element(&z[at], &z[at] + k);
    double sum = 0;
    for (std::size_t i = at; i < at + k; ++i) sum += p[i] = std::exp(z[i] - max);
    for (std::size_t i = at; i < at + k; ++i) p[i] /= sum;
  }
  return p;
}

std::vector<double> gradient(const std::vector<double>& p, const std::vector<double>& g, std::size_t k) {
  std::vector<double> gz;
  for (std::size_t at = 0; at < p.size(); at += k) {
    double mean = 0;
    for (std::size_t i = at; i < at + k; ++i) mean += p[i] * g[i];
    for (std::size_t i = at; i < at + k; ++i) gz.push_back(p[i] * (g[i] - mean));
  }
  return gz;
}

void check_case(const Case& c) {
  INFO(c.n << " rows of " << c.k << " in " << to_text(c.dtype));
  const auto z = rounded_to(c.dtype, normals(c.n * c.k, 12, 3)), g = rounded_to(c.dtype, normals(c.n * c.k, 13));
  const auto k = static_cast<std::size_t>(c.k);
  const auto p = rounded_to(c.dtype, probabilities(z, std::max<std::size_t>(k, 1)));
  const auto put = c.aligned ? on_device : on_device_unaligned;
  const double r = rounding(c.dtype);
  check_on_device(
      [&] {
        const Shape shape{c.n, c.k};
        const Tensor logits = put(z, shape, c.dtype), share = put(p, shape, c.dtype), gp = put(g, shape, c.dtype);
        const Tensor y = empty_like(logits), gz = empty_like(logits);
        kernel::softmax(logits, y);
        kernel::softmax_backward(share, gp, gz);
        return std::vector<Tensor>{y, gz};
      },
      {{p, 3 * r, 1e-7}, {gradient(p, g, std::max<std::size_t>(k, 1)), 3 * r, 1e-6}});
}

}  // namespace

TEST_CASE("softmax on the device and its gradient agree with the definitions for rows of any length") {
  for (const auto& [n, k] : kRowShapes)
    if (k < 200 || !watched_for_races()) check_case({n, k});
  check_case({3, 0});
  if (!watched_for_races()) check_case({2, 30000});  // two rows of it do not fit into shared memory
}

TEST_CASE("softmax on the device takes every type, at any address") {
  for (const DType dtype : {DType::f32, DType::f64, DType::bf16, DType::f16})
    for (const bool aligned : {true, false}) check_case({5, 64, dtype, aligned});
  check_case({5, 10, DType::f16});
}

TEST_CASE("softmax on the device takes logits of any size") {
  check_on_device(
      [] {
        const Tensor z = on_device({1e4, 1e4, -1e4, -INFINITY, 0, 0}, {2, 3}, DType::f32), p = empty_like(z);
        kernel::softmax(z, p);
        return std::vector<Tensor>{p};
      },
      {{{0.5, 0.5, 0, 0, 0.5, 0.5}, 1e-7, 0}});
}
