#include "s4l/core/ops/vat.h"

#include <bit>
#include <catch2/catch.hpp>
#include <algorithm>
#include <cmath>
#include <limits>

#include "s4l/core/rng.h"
#include "s4l/tests/kernels/device_case.h"

using namespace s4l;
using namespace s4l::test;

namespace {

struct Case {
  std::int64_t n, size;
  DType dtype = DType::f32;
  bool aligned = true;
};

std::array<std::int32_t, 6> words() { return Rng(7, Purpose::test, 1).words(); }

/// A row's normals by Box and Muller, in double, of core's random words.
std::vector<double> normals_of_row(std::int64_t row, std::int64_t size) {
  const auto w = std::bit_cast<std::array<std::uint32_t, 6>>(words());
  std::vector<double> all;
  for (std::uint32_t block = 0; static_cast<std::int64_t>(4 * block) < size; ++block) {
    const auto random = philox({w[2] + block, w[3], w[4], w[5] + static_cast<std::uint32_t>(row) + 1}, {w[0], w[1]});
    for (std::size_t pair = 0; pair < 4; pair += 2) {
      const double u = ((random[pair] >> 8) + 1) * 0x1p-24, turn = (random[pair + 1] >> 8) * 0x1p-24;
      const double radius = std::sqrt(-2 * std::log(u)), angle = 2 * std::acos(-1.0) * turn;
      all.push_back(radius * std::cos(angle));
      all.push_back(radius * std::sin(angle));
    }
  }
  all.resize(static_cast<std::size_t>(size));
  return all;
}

double length(const std::vector<double>& x) {
  double squares = 0;
  for (const double value : x) squares += value * value;
  return std::sqrt(squares);
}

void check_start(const Case& c) {
  INFO("vat_start: " << c.n << " rows of " << c.size << " in " << to_text(c.dtype));
  const auto x = rounded_to(c.dtype, normals(c.n * c.size, 61, 0.1));
  std::vector<double> y;
  for (std::int64_t row = 0; row < c.n; ++row) {
    const auto d = normals_of_row(row, c.size);
    for (const double value : d) y.push_back(x[y.size()] + 8 * value / length(d));
  }
  check_on_device(
      [&] {
        const auto put = c.aligned ? on_device : on_device_unaligned;
        const Tensor from = put(x, {c.n, c.size}, c.dtype), to = empty_like(from);
        kernel::vat_start(from, 8, from_values<std::int32_t>(words(), {6}, kCuda), to);
        return std::vector<Tensor>{to};
      },
      {{y, std::max(rounding(c.dtype), 1e-6), 4e-6}});
}

void check_step(const Case& c, const VatStepOptions& options, bool bounded, double scale) {
  INFO("vat_step: " << c.n << " rows of " << c.size << " in " << to_text(c.dtype));
  const auto x = rounded_to(c.dtype, normals(c.n * c.size, 62)),
             g = rounded_to(c.dtype, normals(c.n * c.size, 63, scale));
  std::vector<double> bound, y, lengths;
  for (std::int64_t row = 0; row < c.n; ++row) {
    bound.push_back(row % 2 == 0 ? 0.5 : 100);
    const std::vector<double> along(g.begin() + row * c.size, g.begin() + (row + 1) * c.size);
    const double norm = options.factor * length(along), unit = std::max(norm, std::sqrt(options.floor));
    const double radius = bounded ? std::min(options.radius, bound.back()) : options.radius;
    const double far = unit == 0 ? 0 : radius / unit;
    for (const double value : along) y.push_back(x[y.size()] + far * options.factor * value);
    lengths.push_back(far * norm);
  }
  const double r = rounding(c.dtype);
  check_on_device(
      [&] {
        const auto put = c.aligned ? on_device : on_device_unaligned;
        const Tensor from = put(x, {c.n, c.size}, c.dtype), along = put(g, {c.n, c.size}, c.dtype);
        const Tensor to = empty_like(from), by = empty({c.n}, c.dtype, kCuda);
        kernel::vat_step(from, along, options, bounded ? on_device(bound, {c.n}, c.dtype) : Tensor(), to, by);
        return std::vector<Tensor>{to, by};
      },
      {{y, r, 2e-6}, {lengths, r, 0}});
}

}  // namespace

TEST_CASE("vat_start on the device adds core's normals, divided by their length") {
  for (const auto& [n, size] : {std::pair<std::int64_t, std::int64_t>{0, 4},
                                {3, 1},
                                {2, 2},
                                {5, 31},
                                {5, 32},
                                {3, 33},
                                {2, 64},
                                {2, 1023},
                                {2, 1025},
                                {2, 1028},
                                {1, 5003}})
    if (size < 100 || !watched_for_races()) check_start({n, size});
  for (const DType dtype : {DType::f64, DType::bf16, DType::f16})
    for (const std::int64_t size : {10, 30, 32}) check_start({3, size, dtype});
  check_start({3, 32, DType::f32, false});
}

TEST_CASE("vat_start on the device leaves a row where it is whose normals are all 0") {
  const std::vector<std::int32_t> no_length = {0, 0, 27838773,
                                               0, 0, 0};  // the first word that comes of it is 2^32 - 49
  check_on_device(
      [&] {
        const Tensor from = on_device({1, -2}, {1, 2}, DType::f32), to = empty_like(from);
        kernel::vat_start(from, 8, from_values(no_length, {6}, kCuda), to);
        return std::vector<Tensor>{to};
      },
      {{{1, -2}, 0, 0}});
}

TEST_CASE("vat_step on the device moves rows of any length along the gradient") {
  for (const auto& [n, size] : kRowShapes)
    if (size < 100 || !watched_for_races()) check_step({n, size}, {.radius = 3}, false, 1);
  if (!watched_for_races()) check_step({2, 60000}, {.radius = 3}, false, 1);  // more than shared memory holds
}

TEST_CASE("vat_step on the device takes every type, tiny and large gradients, bounds and floors") {
  for (const DType dtype : {DType::f32, DType::f64, DType::bf16, DType::f16}) {
    check_step({5, 10, dtype}, {.radius = 3}, true, 1);
    check_step({5, 64, dtype}, {.radius = 40, .factor = 2, .floor = 9}, false, 0.1);
    check_step({5, 64, dtype, false}, {.radius = 3}, false, 1);
  }
  for (const double scale : {1e-42, 1e-30, 1e-9, 1e15, 0.0}) check_step({3, 40}, {.radius = 3}, false, scale);
}

TEST_CASE("half the distance to the nearest other row, on the device") {
  for (const Shape& shape : {Shape{0, 3}, {1, 4}, {2, 1}, {31, 33}, {33, 31}, {70, 5}}) {
    const std::int64_t n = shape[0], size = shape[1];
    if (n > 33 && watched_for_races()) continue;
    const auto x = rounded_to(DType::f32, normals(shape.numel(), 64));
    std::vector<double> y;
    for (std::int64_t row = 0; row < n; ++row) {
      double nearest = std::numeric_limits<double>::infinity();
      for (std::int64_t other = 0; other < n; ++other) {
        std::vector<double> difference;
        for (std::int64_t i = 0; i < size; ++i)
          difference.push_back(x[static_cast<std::size_t>(row * size + i)] -
                               x[static_cast<std::size_t>(other * size + i)]);
        if (other != row) nearest = std::min(nearest, length(difference));
      }
      y.push_back(nearest / 2);
    }
    for (const DType dtype : {DType::f32, DType::f64})
      check_on_device(
          [&] {
            const Tensor rows = on_device(x, shape, dtype), half = empty({n}, dtype, kCuda);
            kernel::half_nearest_distance(rows, half);
            return std::vector<Tensor>{half};
          },
          {{y, 2e-6, 0}});
  }
}
