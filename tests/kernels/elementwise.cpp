// add, scale, average, the ops of unary.def, cast.
#include <catch2/catch.hpp>

#include "s4l/core/ops/add.h"
#include "s4l/core/ops/cast.h"
#include "s4l/core/ops/unary.h"
#include "s4l/core/ops/update.h"
#include "s4l/core/ops/view.h"
#include "s4l/tests/kernels/device_op.h"
#include "s4l/tests/support/near.h"

using namespace s4l;
using namespace s4l::test;

namespace {

const std::vector<std::int64_t> kCounts = {0, 1, 7, 31, 32, 33, 1023, 1025};

Tensor random_row(std::int64_t n, std::uint64_t seed) { return random_tensor({n}, DType::f64, seed); }

}  // namespace

TEST_CASE("the kernels of sums and multiples take any count, and rows that start anywhere") {
  for (const std::int64_t n : kCounts)
    check_op_on_device({.name = "sums of " + std::to_string(n),
                        .inputs = {random_row(n, 1), random_row(n, 2), random_row(1, 3)},
                        .forward =
                            [](const std::vector<Tensor>& in) {
                              const Tensor sum = add(in[0], in[1]);
                              return std::vector<Tensor>{scale_by(scale(sum, -1.5), in[2].detach()), sum};
                            },
                        .tolerance = 2});
  check_op_on_device(
      {.name = "rows from the second on",
       .inputs = {random_row(34, 1), random_row(33, 2)},
       .forward = [](const std::vector<Tensor>& in) { return std::vector<Tensor>{add(rows(in[0], 1, 34), in[1])}; }});
}

TEST_CASE("the kernel of moving averages knows on the device which decay it is") {
  for (const std::int64_t n : kCounts)
    for (const float step : {9.0f, 10.0f})
      check_op_on_device({.name = "average of " + std::to_string(n),
                          .inputs = {random_row(n, 1), random_row(n, 2)},
                          .forward =
                              [=](const std::vector<Tensor>& in) {
                                const Tensor average = empty_like(in[0]);
                                copy_(average, in[0]);
                                average_(average, in[1].detach(),
                                         from_values(std::vector<float>{step}, {1}, in[0].device()),
                                         {.early = 0.5, .decay = 0.9, .until = 10});
                                return std::vector<Tensor>{average};
                              },
                          .types = {DType::f32, DType::f64}});
}

TEST_CASE("the kernels of elementwise ops give the CPU's values and slopes") {
  for (const std::int64_t n : kCounts) {
    Tensor x = random_row(n, 1);
    for (std::int64_t i = 0; i < n; ++i) x.data<double>()[i] = 0.1 + std::abs(x.data<double>()[i]);
#define S4L_UNARY(op)                                                                           \
  check_op_on_device({.name = #op,                                                              \
                      .inputs = {x},                                                            \
                      .forward = [](const auto& in) { return std::vector<Tensor>{op(in[0])}; }, \
                      .tolerance = 2});
#include "s4l/core/ops/unary.def"
#undef S4L_UNARY
  }
  const auto relu_of_rows = [](std::int64_t begin) {
    return [=](const std::vector<Tensor>& in) { return std::vector<Tensor>{relu(rows(in[0], begin, 41))}; };
  };
  for (const std::int64_t begin : {0, 1})
    check_op_on_device({.name = "relu of rows", .inputs = {random_row(41, 1)}, .forward = relu_of_rows(begin)});
}

TEST_CASE("the kernel of casts converts between every two types") {
  for (const std::int64_t n : {0, 1, 33, 1025})
    for (const DType type : {DType::f32, DType::f64, DType::bf16, DType::f16})
      check_op_on_device({.name = std::string("cast to ") + name_of(type),
                          .inputs = {random_row(n, 1)},
                          .forward = [=](const auto& in) { return std::vector<Tensor>{cast(in[0], type)}; }});
}
