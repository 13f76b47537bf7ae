#pragma once
#include "s4l/nn/module.h"

namespace s4l::nn {

/// A network that computes its features in bf16 or f16, for training on a GPU: the weights stay f32 and are read in 16
/// bits (Parameter::in), batch norm's own numbers are f32. Pictures, features, head and losses are f32, so that methods
/// need not know.
class MixedPrecision final : public Classifier {
 public:
  /// `network` outlives it.
  MixedPrecision(Classifier& network, DType type);
  Tensor features(const Tensor& x, Mode mode) override;
  Tensor logits(const Tensor& features) override { return network_.logits(features); }
  std::int64_t feature_size() const override { return network_.feature_size(); }
  void visit(Visitor& visitor) override { network_.visit(visitor); }

 private:
  Classifier& network_;
  DType type_;
};

}  // namespace s4l::nn
