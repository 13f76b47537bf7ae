#pragma once
#include <vector>

#include "s4l/nn/layers/linear.h"
#include "s4l/nn/models/model.h"
#include "s4l/nn/models/preact_unit.h"

namespace s4l::nn {

struct ResNetStage {
  int units;
  std::int64_t middle;  ///< UnitSize::middle at width 1
  int stride;           ///< of the first unit
};

/// A pre-activation ResNet as a table.
struct ResNetConfig {
  UnitKind unit;
  std::int64_t stem;   ///< channels at width 1
  bool imagenet_stem;  ///< 7x7 with stride 2, then a 3x3 max-pool with stride 2; else 3x3
  std::vector<ResNetStage> stages;
};

/// Spec 3.1: stem, stages of residual units, batch norm and ReLU, mean over the picture, linear head. Parameters are
/// named as in timm's resnetv2.
class ResNet final : public Classifier {
 public:
  ResNet(const ResNetConfig& config, const ModelOptions& options);
  Tensor features(const Tensor& x, Mode mode) override;
  Tensor logits(const Tensor& features) override { return head_.forward(features, Mode::eval); }
  std::int64_t feature_size() const override { return head_.weight.value.shape().last(); }
  void visit(Visitor& visitor) override;

 private:
  ResNet(const ResNetConfig& config, const ModelOptions& options, InitStreams streams);

  Conv2d stem_;
  bool pool_, pool_zero_padding_;
  std::vector<std::vector<PreactUnit>> stages_;
  BatchNorm norm_;
  Linear head_;
};

}  // namespace s4l::nn
