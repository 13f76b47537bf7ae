#include "s4l/core/ops/squared_error.h"

#include <catch2/catch.hpp>

#include "s4l/core/ops/view.h"
#include "s4l/tests/kernels/device_op.h"
#include "s4l/tests/support/near.h"

using namespace s4l;
using namespace s4l::test;

TEST_CASE("the kernel of squared errors adds up any count in one order") {
  for (const std::int64_t n : {0, 1, 31, 32, 33, 1023, 1025, 5000}) {
    DeviceOp c{.name = "squared_error of " + std::to_string(n),
               .inputs = {random_tensor({n}, DType::f64, 1), random_tensor({n}, DType::f64, 2)},
               .forward = [](const auto& in) { return std::vector<Tensor>{squared_error(in[0], in[1].detach())}; },
               .types = {DType::f32, DType::f64}};
    check_op_on_device(c);
  }
  check_op_on_device({.name = "squared_error of rows from the second on",
                      .inputs = {random_tensor({34}, DType::f64, 1), random_tensor({33}, DType::f64, 2)},
                      .forward =
                          [](const auto& in) {
                            return std::vector<Tensor>{squared_error(rows(in[0].detach(), 1, 34), in[1].detach())};
                          },
                      .types = {DType::f32}});
}
