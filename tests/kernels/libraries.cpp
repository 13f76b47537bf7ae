// What NVIDIA's libraries compute, or what plays them: each type of activation, compared and claimed like the kernels.
#include <catch2/catch.hpp>

#include "s4l/core/ops/conv2d.h"
#include "s4l/core/ops/linear.h"
#include "s4l/tests/kernels/device_op.h"
#include "s4l/tests/support/near.h"

using namespace s4l;
using namespace s4l::test;

TEST_CASE("conv2d on the device and its gradients agree with the CPU's f64 in every type") {
  for (const Conv2dOptions options : {Conv2dOptions{1, 1}, Conv2dOptions{2, 1, 1, 2}})
    check_op_on_device({.name = "conv2d",
                        .inputs = {random_tensor({3, 9, 7, 6}, DType::f64, 1),
                                   random_tensor({10, 3, 3, 6 / options.groups}, DType::f64, 2)},
                        .forward = [=](const auto& in) { return std::vector<Tensor>{conv2d(in[0], in[1], options)}; },
                        .tolerance = 2});
}

TEST_CASE("linear on the device and its gradients agree with the CPU's f64 in every type") {
  const Tensor x = random_tensor({33, 17}, DType::f64, 1), w = random_tensor({5, 17}, DType::f64, 2);
  check_op_on_device({.name = "linear with bias",
                      .inputs = {x, w, random_tensor({5}, DType::f64, 3)},
                      .forward = [](const auto& in) { return std::vector<Tensor>{linear(in[0], in[1], in[2])}; },
                      .types = {DType::f32, DType::bf16, DType::f16},
                      .tolerance = 2});
  check_op_on_device({.name = "linear",
                      .inputs = {x, w},
                      .forward = [](const auto& in) { return std::vector<Tensor>{linear(in[0], in[1])}; },
                      .tolerance = 2});
}
