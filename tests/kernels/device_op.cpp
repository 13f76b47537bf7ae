#include "s4l/tests/kernels/device_op.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "s4l/core/autograd.h"
#include "s4l/core/ops/cast.h"

namespace s4l::test {
namespace {

bool is_floating(const Tensor& x) {
  return x && x.dtype() != DType::i32 && x.dtype() != DType::i64 && x.dtype() != DType::u8;
}

/// Of floating inputs; the others as they are.
std::vector<Tensor> in_types(const std::vector<Tensor>& inputs, const std::function<DType(std::size_t)>& type_of) {
  std::vector<Tensor> all;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    all.push_back(is_floating(inputs[i]) ? cast(inputs[i], type_of(i)) : inputs[i]);
  return all;
}

/// Results, then gradients of the inputs where the first result, with `weights`, has one.
std::vector<Tensor> evaluate(const DeviceOp& op, const std::vector<Tensor>& inputs,
                             const std::vector<double>& weights) {
  std::vector<Tensor> leaves;
  for (const Tensor& x : inputs) leaves.push_back(is_floating(x) ? x.detach().set_requires_grad(true) : x);
  std::vector<Tensor> results = op.forward(leaves);
  const Tensor y = results[0];
  if (!y.requires_grad() || y.numel() == 0) return results;
  const Tensor w = to(on_device(weights, y.shape(), y.dtype()), y.device());
  const Tensor loss = from_values(std::vector<float>{0}, {}, y.device());
  backward(record("weighted sum", loss, {y}, [w](const Tensor&, Needs) { return Grads{w}; }));
  for (const Tensor& x : leaves)
    if (x && x.grad()) results.push_back(x.grad());
  return results;
}

Wanted wanted(const Tensor& exact, double tolerance) {
  Wanted w{numbers(exact), tolerance, 0};
  double squares = 0;
  for (const double value : w.values) squares += std::isfinite(value) ? value * value : 0;
  if (!w.values.empty()) w.atol = tolerance * std::sqrt(squares / static_cast<double>(w.values.size()));
  return w;
}

void check_type(const DeviceOp& op, DType type) {
  INFO(op.name << " in " << to_text(type));
  const bool small = type == DType::bf16 || type == DType::f16;
  const auto inputs = in_types(op.inputs, [&](std::size_t i) {
    return small && !op.activation.empty() && !op.activation[i] ? DType::f32 : type;
  });
  const auto same_numbers = op.f64 ? in_types(inputs, [](std::size_t) { return DType::f64; }) : inputs;
  const Tensor shape_of = op.forward(same_numbers)[0];
  const auto weights = rounded_to(type, normals(shape_of.numel(), 77));
  const auto run = [&] {
    std::vector<Tensor> there;
    for (const Tensor& x : inputs) there.push_back(x ? to(x, kCuda) : x);
    return evaluate(op, there, weights);
  };
  const auto exact = evaluate(op, same_numbers, weights), types = run();
  REQUIRE(exact.size() == types.size());
  std::vector<Wanted> all;
  for (std::size_t i = 0; i < exact.size(); ++i)
    all.push_back(wanted(exact[i], is_floating(types[i]) ? op.tolerance * rounding(types[i].dtype()) : 0));
  check_on_device(run, all);
}

}  // namespace

void check_op_on_device(const DeviceOp& op) {
  for (const DType type : op.types) check_type(op, type);
}

}  // namespace s4l::test
