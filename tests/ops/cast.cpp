#include "s4l/core/ops/cast.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "s4l/core/autograd.h"
#include "s4l/tests/support/near.h"
#include "s4l/tests/support/op_case.h"

using namespace s4l;
using namespace s4l::test;

namespace {

const DType kFloats[] = {DType::f32, DType::f64, DType::bf16, DType::f16};

/// Significant bits of a type.
int precision(DType dtype) {
  switch (dtype) {
    case DType::bf16:
      return 8;
    case DType::f16:
      return 11;
    case DType::f32:
      return 24;
    default:
      return 53;
  }
}

double rounded(double value, int bits) {
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  return std::ldexp(std::nearbyint(std::ldexp(fraction, bits)), exponent - bits);
}

}  // namespace

TEST_CASE("cast rounds to the type's precision, between every two floating types") {
  KernelsUnderTest kernels;
  for (std::int64_t n : {0, 1, 33, 40000}) {
    const Tensor x = random_tensor({n}, DType::f32, 51);
    for (DType from : kFloats)
      for (DType to_type : kFloats) {
        const Tensor y = cast(cast(cast(x, from), to_type), DType::f64);
        auto expected = doubles(x);
        for (double& value : expected) value = rounded(rounded(value, precision(from)), precision(to_type));
        check_near(y, expected, 0, 0x1p-25);  // f16 is coarser below 2^-14
      }
  }
  kernels.mark_compared();
}

TEST_CASE("cast sends the gradient back in the input's type") {
  Tensor x = random_tensor({3}, DType::f32, 52);
  x.set_requires_grad(true);
  const Tensor y = cast(x, DType::bf16);
  const Tensor gy = cast(from_values(std::vector<float>{1, -2, 0.5}, {3}), DType::bf16);
  const Tensor loss = record("sum", full({}, 0), {y}, [gy](const Tensor&, Needs) { return Grads{gy}; });
  const Tensor gx = grad(loss, std::vector<Tensor>{x})[0];
  CHECK(gx.dtype() == DType::f32);
  check_near(gx, {1, -2, 0.5}, 0, 0);
}

TEST_CASE("cast to the same type is the tensor itself, and integers are refused") {
  const Tensor x = zeros({2});
  CHECK(cast(x, DType::f32).raw() == x.raw());
  CHECK_THROWS_WITH(cast(x, DType::i32), Catch::Contains("f32 to i32"));
}
