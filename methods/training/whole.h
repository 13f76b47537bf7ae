#pragma once
#include "s4l/methods/method.h"
#include "s4l/nn/module.h"

namespace s4l::methods {

/// A method's own heads and state as a module.
struct MethodState final : nn::Module {
  Method& method;
  explicit MethodState(Method& m) : method(m) {}
  Tensor forward(const Tensor& x, nn::Mode) override { return x; }
  void visit(nn::Visitor& visitor) override { method.visit(visitor); }
};

/// A network and its method as one module, so that one visit reaches everything that is trained and saved. The names of
/// what the method has begin with "method.".
struct Whole final : nn::Module {
  nn::Classifier& model;
  MethodState method;
  Whole(nn::Classifier& network, Method& m) : model(network), method(m) {}
  Tensor forward(const Tensor& x, nn::Mode mode) override { return model.forward(x, mode); }
  void visit(nn::Visitor& visitor) override {
    model.visit(visitor);
    visitor.module("method", method);
  }
};

}  // namespace s4l::methods
