#include "s4l/core/ops/batch_norm.h"

#include <catch2/catch.hpp>

#include "s4l/core/ops/add.h"
#include "s4l/core/ops/view.h"
#include "s4l/tests/kernels/device_op.h"
#include "s4l/tests/support/near.h"

using namespace s4l;
using namespace s4l::test;

namespace {

Tensor parameter(std::int64_t channels, std::uint64_t seed) { return random_tensor({channels}, DType::f64, seed, 0.3); }

/// y and the moved running statistics.
DeviceOp train_case(const Shape& shape, const BatchNormOptions& options, bool residual) {
  const std::int64_t channels = shape.last();
  return {.name = "batch_norm_train " + to_text(shape),
          .inputs = {random_tensor(shape, DType::f64, 1), parameter(channels, 2), parameter(channels, 3),
                     residual ? random_tensor(shape, DType::f64, 4) : Tensor()},
          .forward =
              [=](const std::vector<Tensor>& in) {
                const auto row = [&](double value) {
                  const std::vector<double> values(static_cast<std::size_t>(channels), value);
                  return to(on_device(values, {channels}, in[1].dtype()), in[1].device());
                };
                const Tensor mean = row(1), var = row(2);
                const Tensor y = batch_norm_train(in[0], in[1], in[2], mean, var, options, in[3]);
                return std::vector<Tensor>{y, mean, var};
              },
          .activation = {true, false, false, true}};
}

}  // namespace

TEST_CASE("batch norm's kernels give the CPU's numbers, whatever the shape") {
  for (const Shape& shape : {Shape{1, 1}, Shape{31, 3}, Shape{33, 33}, Shape{2, 4, 4, 16}, Shape{3, 5, 7, 8},
                             Shape{2, 3, 3, 264}, Shape{1025, 1}})
    check_op_on_device(train_case(shape, {}, false));
}

TEST_CASE("batch norm's kernels go round for many rows") {
  DeviceOp many = train_case({2, 40, 41, 8}, {.relu = true}, true);
  many.types = {DType::f32, DType::bf16};
  check_op_on_device(many);
  many = train_case({9001, 1}, {}, false);
  many.types = {DType::f32};
  check_op_on_device(many);
}

TEST_CASE("batch norm's kernels take residual, ReLU, groups and biased variances") {
  for (const bool residual : {false, true})
    for (const bool relu : {false, true}) check_op_on_device(train_case({6, 3, 1, 16}, {.relu = relu}, residual));
  check_op_on_device(train_case({6, 2, 2, 16}, {.groups = 3, .relu = true}, true));
  check_op_on_device(train_case({64, 5}, {.groups = 2, .biased = true}, false));
}

TEST_CASE("batch norm's kernels add a gradient that arrived before") {
  for (const bool shared : {false, true}) {
    DeviceOp op = train_case({6, 3, 1, 16}, {.relu = true}, false);
    op.types = {DType::f32, DType::f64};
    op.forward = [=](const auto& in) {
      const Tensor x = scale(in[0], 0.5), y = batch_norm_train(x, in[1], in[2], {}, {}, {.relu = true});
      return std::vector<Tensor>{add(shared ? y : scale(y, 2), x)};
    };
    check_op_on_device(op);
  }
}

TEST_CASE("batch norm's kernels take given statistics, and make only the gradients that are wanted") {
  DeviceOp eval = train_case({5, 2, 3, 16}, {}, true);
  eval.forward = [](const auto& in) {
    const auto row = [&](double value) {
      return to(on_device(std::vector<double>(16, value), {16}, in[1].dtype()), in[1].device());
    };
    return std::vector<Tensor>{batch_norm_eval(in[0], in[1], in[2], row(0.25), row(0.7), {.relu = true}, in[3])};
  };
  check_op_on_device(eval);
  const BatchNormOptions options{.relu = true};
  DeviceOp some = train_case({6, 2, 2, 16}, options, true);
  some.types = {DType::f32, DType::bf16};
  some.forward = [=](const auto& in) {
    return std::vector<Tensor>{
        batch_norm_train(in[0].detach(), in[1].detach(), in[2].detach(), {}, {}, options, in[3])};
  };
  check_op_on_device(some);
  some.forward = [=](const auto& in) {
    return std::vector<Tensor>{
        batch_norm_train(in[0], in[1].detach(), in[2].detach(), {}, {}, options, in[3].detach())};
  };
  check_op_on_device(some);
}
