#include "s4l/core/ops/fill.h"

#include <catch2/catch.hpp>

#include "s4l/core/ops/cast.h"
#include "s4l/tests/support/near.h"
#include "s4l/tests/support/op_case.h"

using namespace s4l;
using namespace s4l::test;

TEST_CASE("full holds one value in every element, of every floating type, on every device") {
  KernelsUnderTest kernels;
  for (const Device& device : devices())
    for (const DType dtype : {DType::f32, DType::f64, DType::bf16, DType::f16})
      for (const std::int64_t n : {0, 1, 33, 40000}) {
        const Tensor y = full({n}, -1.25, dtype, device);
        CHECK(y.device() == device);
        CHECK(y.dtype() == dtype);
        const std::vector<double> expected(static_cast<std::size_t>(n), -1.25);
        check_near(cast(to(y, kCpu), DType::f64), expected, 0, 0);
      }
  kernels.mark_compared();
}

TEST_CASE("full refuses integers") { CHECK_THROWS_WITH(full({2}, 1, DType::i32), Catch::Contains("i32")); }
