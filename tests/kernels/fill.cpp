#include "s4l/core/ops/fill.h"

#include <catch2/catch.hpp>

#include "s4l/tests/kernels/device_case.h"

using namespace s4l;
using namespace s4l::test;

TEST_CASE("fill on the device writes every element, of every floating type, and no other") {
  for (const DType dtype : {DType::f32, DType::f64, DType::bf16, DType::f16})
    for (const bool is_aligned : {true, false})
      for (const std::int64_t n : {0, 1, 31, 33, 1025, 3000}) {
        INFO(n << " of " << to_text(dtype) << (is_aligned ? "" : ", not aligned"));
        const std::vector<double> before(static_cast<std::size_t>(n), 3);
        check_on_device(
            [&] {
              const Tensor y = (is_aligned ? on_device : on_device_unaligned)(before, {n}, dtype);
              kernel::fill(y, -1.25);
              return std::vector<Tensor>{y};
            },
            {{std::vector<double>(static_cast<std::size_t>(n), -1.25), 0, 0}});
      }
}
