#include "small_network.h"

#include <cmath>

#include "s4l/core/ops/pool.h"
#include "s4l/core/ops/rotation_batch.h"

namespace s4l::test {
namespace {

constexpr std::int64_t kPictures = 4, kPlaces = 12;

Tensor tensor_of(const std::vector<double>& values, const Shape& shape, DType dtype) {
  return with_float(dtype, [&]<class T>() { return from_values(std::vector<T>(values.begin(), values.end()), shape); });
}

/// Sets the parameters from number `first` on.
void set_by_formula(nn::Module& module, DType dtype, std::size_t first) {
  const auto parameters = nn::parameters_of(module);
  for (std::size_t k = first; k < parameters.size(); ++k) {
    const auto& [name, parameter] = parameters[k];
    std::vector<double> values(static_cast<std::size_t>(parameter->value.numel()));
    const double base = name == "norm.weight" ? 1 : 0;
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = base + std::sin(0.7 * static_cast<double>(i) + static_cast<double>(k)) / 2;
    parameter->value = tensor_of(values, parameter->value.shape(), dtype);
    parameter->value.set_requires_grad(true);
  }
}

}  // namespace

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

Learner::Learner(const std::string& name, Values values, DType dtype, const LearnerOptions& how) {
  set_by_formula(network, dtype, 0);  // before the method may copy the weights
  for (const auto& [unused, buffer] : nn::buffers_of(network))
    *buffer = tensor_of(doubles(*buffer), buffer->shape(), dtype);
  methods::MethodOptions options;
  options.classes = SmallNetwork::kClasses;
  options.feature_size = SmallNetwork::kChannels;
  options.model = &network;
  options.pictures = 100;
  options.unlabelled = how.unlabelled;
  options.stage = how.stage;
  options.values = std::move(values);
  method = methods::make_method(name, options);
  set_by_formula(*this, dtype, nn::parameters_of(network).size());
}

void Learner::visit(nn::Visitor& visitor) {
  network.visit(visitor);
  method->visit(visitor);
}

Pictures::Pictures(const methods::Method& method, int t, int rotations, DType dtype)
    : x(pictures(kPictures, 2 * t + 1, rotations, dtype)),
      random(from_values(std::vector<std::int32_t>{1, 2, 3, 4, 5, 6 + t}, {6})) {
  std::vector<std::int32_t> classes;
  std::vector<std::int64_t> places;
  for (int i = 0; i < kPictures; ++i) {
    classes.push_back((i + t) % static_cast<int>(SmallNetwork::kClasses));
    places.push_back((kPictures * t + i) % kPlaces);
  }
  labels = from_values(classes, {kPictures});
  index = from_values(places, {kPictures});
  for (std::size_t view = 0; view < method.views().unlabelled.size(); ++view)
    unlabelled.push_back(pictures(kPictures, 2 * t + 50 * static_cast<int>(view), rotations, dtype));
}

methods::Step Pictures::step(Learner& learner, int virtual_replicas) {
  return {learner.network, x, labels, unlabelled, index, Rng(0, Purpose::method), virtual_replicas, metrics, random};
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
