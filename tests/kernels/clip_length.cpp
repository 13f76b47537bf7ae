#include <catch2/catch.hpp>
#include <cmath>

#include "s4l/core/ops/update.h"
#include "s4l/tests/kernels/device_case.h"

using namespace s4l;
using namespace s4l::test;

TEST_CASE("clip_length on the device multiplies what is longer than it may be, and nothing else") {
  for (const DType dtype : {DType::f32, DType::f64})
    for (const bool is_aligned : {true, false})
      for (const std::int64_t n : {0, 1, 31, 33, 1025, 5003}) {
        const auto x = rounded_to(dtype, normals(n, 67));
        double squares = 0;
        for (const double value : x) squares += value * value;
        for (const double longest : {0.5, 1000.0}) {
          INFO(n << " of " << to_text(dtype) << (is_aligned ? "" : ", not aligned") << ", cut to " << longest);
          Wanted wanted{x, rounding(dtype), 0};
          for (double& value : wanted.values) value *= std::min(1.0, longest / std::sqrt(std::max(squares, 1e-300)));
          check_on_device(
              [&] {
                const Tensor y = (is_aligned ? on_device : on_device_unaligned)(x, {n}, dtype);
                kernel::clip_length(y, longest);
                return std::vector<Tensor>{y};
              },
              {wanted});
        }
      }
}
