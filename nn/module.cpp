#include "s4l/nn/module.h"

#include <string>

#include "s4l/core/autograd.h"
#include "s4l/core/ops/cast.h"

namespace s4l::nn {
namespace {

/// Completes the names of one child. Children below are handed to `inner_` with their full name, so that a visitor that
/// overrides module() sees every module of the network.
class Prefixed final : public Visitor {
 public:
  Prefixed(Visitor& inner, std::string_view name) : inner_(inner), prefix_(std::string(name) + ".") {}
  void parameter(std::string_view name, Parameter& parameter) override { inner_.parameter(full(name), parameter); }
  void buffer(std::string_view name, Tensor& value) override { inner_.buffer(full(name), value); }
  void module(std::string_view name, Module& child) override { inner_.module(full(name), child); }

 private:
  std::string full(std::string_view name) const { return prefix_ + std::string(name); }

  Visitor& inner_;
  std::string prefix_;
};

}  // namespace

Tensor Parameter::in(DType type) const {
  if (!rounded || rounded.dtype() != type) return cast(value, type);
  return recorded_cast(rounded.detach(), value);
}

void Visitor::module(std::string_view name, Module& child) {
  Prefixed prefixed(*this, name);
  child.visit(prefixed);
}

}  // namespace s4l::nn
