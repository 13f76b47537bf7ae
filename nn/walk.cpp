#include "s4l/nn/walk.h"

#include "s4l/nn/layers/batch_norm.h"

namespace s4l::nn {
namespace {

struct Collector final : Visitor {
  std::vector<NamedParameter> parameters;
  std::vector<NamedBuffer> buffers;
  void parameter(std::string_view name, Parameter& parameter) override {
    parameters.push_back({std::string(name), &parameter});
  }
  void buffer(std::string_view name, Tensor& value) override { buffers.push_back({std::string(name), &value}); }
};

/// Applies `change` to the options of every batch norm it meets.
template <class Change>
struct BatchNormChanger final : Visitor {
  Change change;
  explicit BatchNormChanger(Change how) : change(how) {}
  void parameter(std::string_view, Parameter&) override {}
  void module(std::string_view name, Module& child) override {
    if (auto* norm = dynamic_cast<BatchNorm*>(&child)) change(norm->options);
    Visitor::module(name, child);
  }
};

template <class Change>
void change_batch_norms(Module& module, Change change) {
  BatchNormChanger<Change> changer(change);
  changer.module("", module);  // `module` may itself be a batch norm
}

Collector collect(Module& module) {
  Collector collector;
  module.visit(collector);
  return collector;
}

}  // namespace

std::vector<NamedParameter> parameters_of(Module& module) { return collect(module).parameters; }

std::vector<NamedBuffer> buffers_of(Module& module) { return collect(module).buffers; }

void move_to(Module& module, Device device) {
  for (const auto& [name, parameter] : parameters_of(module)) {
    if (parameter->value.device() == device) continue;
    const bool trained = parameter->value.requires_grad();
    parameter->value = to(parameter->value, device).set_requires_grad(trained);
  }
  for (const auto& [name, buffer] : buffers_of(module)) *buffer = to(*buffer, device);
}

std::int64_t parameter_count(Module& module) {
  std::int64_t count = 0;
  for (const auto& [name, parameter] : parameters_of(module)) count += parameter->value.numel();
  return count;
}

void set_batch_norm_groups(Module& module, int groups) {
  check(groups >= 1, "set_batch_norm_groups: expected 1 or more groups, got {}", groups);
  change_batch_norms(module, [groups](BatchNormOptions& options) { options.groups = groups; });
}

void set_cross_replica_batch_norm(Module& module) {
  change_batch_norms(module, [](BatchNormOptions& options) {
    options.groups = 1;
    options.biased = true;
  });
}

void set_batch_norm_momentum(Module& module, double momentum) {
  check(momentum >= 0 && momentum < 1, "set_batch_norm_momentum: expected 0 to below 1, got {}", momentum);
  change_batch_norms(module, [momentum](BatchNormOptions& options) { options.momentum = momentum; });
}

void set_batch_norm_epsilon(Module& module, double epsilon) {
  check(epsilon > 0, "set_batch_norm_epsilon: expected more than 0, got {}", epsilon);
  change_batch_norms(module, [epsilon](BatchNormOptions& options) { options.epsilon = epsilon; });
}

}  // namespace s4l::nn
