#pragma once
#include <cstdint>
#include <string_view>

#include "s4l/core/tensor.h"

namespace s4l::nn {

/// Numbers that training changes. `decay`: weight decay applies (kernels, not biases or batch norm).
struct Parameter {
  Tensor value;
  bool decay = true;
  Tensor rounded{};  ///< `value` in 16 bits, where an optimizer keeps that (optim/sgd.h)

  /// The value as numbers of `type`, which a layer computes with; the gradient is the value's.
  Tensor in(DType type) const;
};

/// What batch norm does: normalise with the batch and update the running statistics; the same without
/// the update (VAT's passes); or normalise with the running statistics.
enum class Mode { train, train_keep_statistics, eval };

/// What one visit() serves: optimizer, checkpoint, averaging, moves between devices. Names are relative to the
/// module that names them; the walk joins them with dots ("stages.0.blocks.1.conv1.weight").
class Visitor {
 public:
  virtual ~Visitor() = default;
  virtual void parameter(std::string_view name, Parameter& parameter) = 0;
  virtual void buffer(std::string_view, Tensor&) {}
  /// Enters a child: the default visits it with `name` and a dot before its names.
  virtual void module(std::string_view name, class Module& child);
};

/// A piece of a network. `visit` names each parameter, buffer and child once, always in the same order.
class Module {
 public:
  virtual ~Module() = default;
  virtual Tensor forward(const Tensor& x, Mode mode) = 0;
  virtual void visit(Visitor& visitor) = 0;
};

/// A network for classes: features (N, F), and logits (N, K) from them.
class Classifier : public Module {
 public:
  virtual Tensor features(const Tensor& x, Mode mode) = 0;  ///< x (N, H, W, 3)
  virtual Tensor logits(const Tensor& features) = 0;
  virtual std::int64_t feature_size() const = 0;
  Tensor forward(const Tensor& x, Mode mode) override { return logits(features(x, mode)); }
};

}  // namespace s4l::nn
