#include "s4l/nn/models/preact_unit.h"

#include <string>

#include "s4l/core/ops/add.h"

namespace s4l::nn {

PreactUnit::PreactUnit(const UnitKind& kind, const UnitSize& size, InitStreams& streams) {
  const std::int64_t out = size.middle * kind.expansion;
  std::int64_t channels = size.in;
  for (std::size_t i = 0; i < kind.kernels.size(); ++i) {
    const bool last = i + 1 == kind.kernels.size();
    const Conv2dSize conv{.in = channels,
                          .out = last ? out : size.middle,
                          .kernel = kind.kernels[i],
                          .stride = i == kind.strided ? size.stride : 1};
    norms_.emplace_back(channels, BatchNormOptions{.relu = true});
    convs_.emplace_back(conv, streams.next());
    channels = conv.out;
  }
  if (size.stride > 1 || size.in != out)
    downsample_.emplace(Conv2dSize{.in = size.in, .out = out, .kernel = 1, .stride = size.stride}, streams.next());
}

Tensor PreactUnit::forward(const Tensor& x, Mode mode) {
  Tensor h = norms_[0].forward(x, mode);
  const Tensor shortcut = downsample_ ? downsample_->forward(h, mode) : x;
  h = convs_[0].forward(h, mode);
  for (std::size_t i = 1; i < convs_.size(); ++i) h = convs_[i].forward(norms_[i].forward(h, mode), mode);
  return add(h, shortcut);
}

void PreactUnit::visit(Visitor& visitor) {
  for (std::size_t i = 0; i < convs_.size(); ++i) {
    const std::string place = std::to_string(i + 1);
    visitor.module("norm" + place, norms_[i]);
    visitor.module("conv" + place, convs_[i]);
  }
  if (downsample_) visitor.module("downsample.conv", *downsample_);
}

}  // namespace s4l::nn
