#include "s4l/core/ops/confident_labels.h"

#include <catch2/catch.hpp>

#include "s4l/tests/support/near.h"
#include "s4l/tests/support/op_case.h"

using namespace s4l;
using namespace s4l::test;

TEST_CASE("confident_labels takes the first most probable class where it reaches its own threshold") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    KernelsUnderTest kernels;
    with_float(dtype, [&]<class T>() {
      const Tensor q = from_values(std::vector<T>{T(0.75), T(0.25), T(0.25), T(0.75), T(0.5), T(0.5)}, {3, 2});
      const auto labels = [&](std::vector<T> thresholds) {
        return values_of<std::int32_t>(confident_labels(q, from_values(thresholds, {2})));
      };
      CHECK(labels({T(0.75), T(0.76)}) == std::vector<std::int32_t>{0, -1, -1});
      CHECK(labels({T(0.5), T(0)}) == std::vector<std::int32_t>{0, 1, 0});
      CHECK(labels({T(1), T(1)}) == std::vector<std::int32_t>{-1, -1, -1});
    });
    kernels.mark_compared();
  }
  CHECK(confident_labels(zeros({0, 3}), zeros({3})).numel() == 0);
}

TEST_CASE("is_labelled marks the rows that have a label") {
  KernelsUnderTest kernels;
  check_near(is_labelled(from_values(std::vector<std::int32_t>{3, -1, 0}, {3})), {1, 0, 1}, 0, 0);
  kernels.mark_compared();
}

TEST_CASE("confident_labels names thresholds that do not fit") {
  CHECK_THROWS_WITH(confident_labels(zeros({2, 3}), zeros({2})), Catch::Contains("(3)") && Catch::Contains("(2)"));
}
