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

struct GroupSetter final : Visitor {
  int groups;
  explicit GroupSetter(int count) : groups(count) {}
  void parameter(std::string_view, Parameter&) override {}
  void module(std::string_view name, Module& child) override {
    if (auto* norm = dynamic_cast<BatchNorm*>(&child)) norm->options.groups = groups;
    Visitor::module(name, child);
  }
};

Collector collect(Module& module) {
  Collector collector;
  module.visit(collector);
  return collector;
}

}  // namespace

std::vector<NamedParameter> parameters_of(Module& module) { return collect(module).parameters; }

std::vector<NamedBuffer> buffers_of(Module& module) { return collect(module).buffers; }

std::int64_t parameter_count(Module& module) {
  std::int64_t count = 0;
  for (const auto& [name, parameter] : parameters_of(module)) count += parameter->value.numel();
  return count;
}

void set_batch_norm_groups(Module& module, int groups) {
  check(groups >= 1, "set_batch_norm_groups: expected 1 or more groups, got {}", groups);
  GroupSetter setter(groups);
  setter.module("", module);  // `module` may itself be a batch norm
}

}  // namespace s4l::nn
