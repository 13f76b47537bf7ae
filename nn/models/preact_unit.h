#pragma once
#include <optional>
#include <vector>

#include "s4l/nn/layers/batch_norm.h"
#include "s4l/nn/layers/conv2d.h"
#include "s4l/nn/layers/init.h"

namespace s4l::nn {

/// The convolutions of a unit's residual branch.
struct UnitKind {
  std::vector<int> kernels;  ///< their sizes, in order
  std::size_t strided;       ///< which of them has the unit's stride
  int expansion;             ///< output channels per middle channel
};

struct UnitSize {
  std::int64_t in;      ///< channels
  std::int64_t middle;  ///< channels between the convolutions; the output has `expansion` times as many
  int stride = 1;
};

/// A residual unit of a pre-activation ResNet ("v2"): every convolution is preceded by batch norm and ReLU, and nothing
/// follows the sum. Where size or width change, the shortcut is a strided 1x1 convolution of the first activation.
class PreactUnit final : public Module {
 public:
  PreactUnit(const UnitKind& kind, const UnitSize& size, InitStreams& streams);
  Tensor forward(const Tensor& x, Mode mode) override;
  void visit(Visitor& visitor) override;

 private:
  std::vector<BatchNorm> norms_;
  std::vector<Conv2d> convs_;
  std::optional<Conv2d> downsample_;
};

}  // namespace s4l::nn
