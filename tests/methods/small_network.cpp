#include "small_network.h"

#include <cmath>

#include "s4l/core/ops/cast.h"
#include "s4l/core/ops/pool.h"
#include "s4l/core/ops/rotation_batch.h"

namespace s4l::test {

Tensor SmallNetwork::features(const Tensor& x, nn::Mode mode) {
  passes.push_back(mode);
  pass_rows.push_back(x.shape()[0]);
  return global_avg_pool(norm.forward(conv.forward(x, mode), mode));
}

void SmallNetwork::visit(nn::Visitor& visitor) {
  visitor.module("conv", conv);
  visitor.module("norm", norm);
  visitor.module("head", head);
}

Learner::Learner(const std::string& name, std::vector<std::pair<std::string, methods::OptionValue>> values, int stage) {
  methods::MethodOptions options;
  options.classes = SmallNetwork::kClasses;
  options.feature_size = SmallNetwork::kChannels;
  options.model = &network;
  options.pictures = options.unlabelled = 100;
  options.values = std::move(values);
  options.stage = stage;
  method = methods::make_method(name, options);
}

void Learner::visit(nn::Visitor& visitor) {
  network.visit(visitor);
  method->visit(visitor);
}

namespace {

Tensor tensor_of(const std::vector<double>& values, const Shape& shape, DType dtype) {
  return with_float(dtype, [&]<class T>() { return from_values(std::vector<T>(values.begin(), values.end()), shape); });
}

}  // namespace

void set_by_formula(nn::Module& module, DType dtype) {
  int k = 0;
  for (const auto& [name, parameter] : nn::parameters_of(module)) {
    std::vector<double> values(static_cast<std::size_t>(parameter->value.numel()));
    const double base = name == "norm.weight" ? 1 : 0;
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = base + std::sin(0.7 * static_cast<double>(i) + k) / 2;
    parameter->value = tensor_of(values, parameter->value.shape(), dtype);
    parameter->value.set_requires_grad(true);
    ++k;
  }
  for (const auto& [name, buffer] : nn::buffers_of(module))
    *buffer = tensor_of(doubles(*buffer), buffer->shape(), dtype);
}

Tensor pictures(std::int64_t n, int salt, int rotations, DType dtype) {
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(n * 48));
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::uint8_t>((i * 37 + static_cast<std::size_t>(salt) * 11) % 256);
  RotationBatchOptions options;
  options.rotations = rotations;
  const Tensor rows = rotation_batch(from_values(bytes, {n, 4, 4, 3}), {}, {}, options);
  return tensor_of(doubles(rows), rows.shape(), dtype);
}

}  // namespace s4l::test
