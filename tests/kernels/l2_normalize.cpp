#include "s4l/core/ops/l2_normalize.h"

#include <catch2/catch.hpp>
#include <algorithm>
#include <cmath>

#include "s4l/tests/kernels/device_case.h"
#ifdef S4L_EMULATED
#include "s4l/kernels/emulated/executor.h"
#endif

using namespace s4l;
using namespace s4l::test;

namespace {

struct Case {
  std::int64_t n, size;
  DType dtype = DType::f32;
  double floor = 1e-12, scale = 1;
  bool aligned = true;
};

/// y and gx by the definitions.
std::vector<Wanted> naive(const Case& c, const std::vector<double>& x, const std::vector<double>& g) {
  const double r = rounding(c.dtype);
  double most = 0;  // of what gx is a difference of
  std::vector<double> y, gx;
  for (std::int64_t row = 0; row < c.n; ++row) {
    const double *from = x.data() + row * c.size, *along = g.data() + row * c.size;
    double squares = 0, product = 0;
    for (std::int64_t i = 0; i < c.size; ++i) squares += from[i] * from[i], product += from[i] * along[i];
    const double length = std::sqrt(std::max(squares, c.floor));
    for (std::int64_t i = 0; i < c.size; ++i) {
      y.push_back(from[i] / length);
      const double share = squares > c.floor ? from[i] * product / squares : 0;
      gx.push_back((along[i] - share) / length);
      most = std::max(most, std::abs(along[i]) / length);
    }
  }
  return {{y, 2 * r, 0}, {gx, 2 * r, 1e-6 * most}};
}

void check_case(const Case& c) {
  INFO(c.n << " rows of " << c.size << " in " << to_text(c.dtype));
  const auto x = rounded_to(c.dtype, normals(c.n * c.size, 31, c.scale)),
             g = rounded_to(c.dtype, normals(c.n * c.size, 32));
  const auto put = c.aligned ? on_device : on_device_unaligned;
  check_on_device(
      [&] {
        const Shape shape{c.n, c.size};
        const Tensor from = put(x, shape, c.dtype), gy = put(g, shape, c.dtype);
        const Tensor y = empty_like(from), gx = empty_like(from);
        kernel::l2_normalize(from, c.floor, y);
        kernel::l2_normalize_backward(from, gy, c.floor, gx);
        return std::vector<Tensor>{y, gx};
      },
      naive(c, x, g));
}

}  // namespace

TEST_CASE("l2_normalize on the device and its gradient agree with the definitions for rows of any length") {
  for (const auto& [n, size] : kRowShapes)
    if (size < 200 || !watched_for_races()) check_case({n, size});
  check_case({3, 0});
  if (!watched_for_races()) check_case({2, 30000});
}

#ifdef S4L_EMULATED
TEST_CASE("a kernel asks once for more shared memory than every block has") {
  const Tensor x = zeros({2, 13000}, DType::f32, kCuda), y = empty_like(x);
  kernel::l2_normalize(x, 1e-12, y);
  const auto raised = emulated::statistics().raised_limits;
  CHECK(raised > 0);
  kernel::l2_normalize(x, 1e-12, y);
  CHECK(emulated::statistics().raised_limits == raised);
}
#endif

TEST_CASE("l2_normalize on the device takes every type, tiny rows, a floor, and any address") {
  for (const DType dtype : {DType::f32, DType::f64, DType::bf16, DType::f16}) {
    check_case({5, 64, dtype});
    check_case({5, 10, dtype, 25, 0.5});
    check_case({5, 64, dtype, 1e-12, 1, false});
  }
  check_case({3, 40, DType::f32, 1e-60, 1e-25});
}
