#include "s4l/nn/models/resnet.h"

#include <cmath>
#include <string>

#include "s4l/core/ops/pool.h"
#include "s4l/nn/walk.h"

namespace s4l::nn {
namespace {

std::int64_t widened(std::int64_t channels, double width) {
  const std::int64_t result = std::llround(static_cast<double>(channels) * width);
  check(result >= 1, "resnet: expected a width that leaves at least 1 of {} channels, got {}", channels, width);
  return result;
}

Conv2dSize stem_size(const ResNetConfig& config, double width) {
  return {.in = 3,
          .out = widened(config.stem, width),
          .kernel = config.imagenet_stem ? 7 : 3,
          .stride = config.imagenet_stem ? 2 : 1};
}

std::int64_t output_channels(const ResNetConfig& config, double width) {
  return widened(config.stages.back().middle, width) * config.unit.expansion;
}

std::vector<std::vector<PreactUnit>> make_stages(const ResNetConfig& config, double width, InitStreams& streams) {
  std::vector<std::vector<PreactUnit>> stages;
  std::int64_t channels = widened(config.stem, width);
  for (const ResNetStage& stage : config.stages) {
    auto& units = stages.emplace_back();
    const std::int64_t middle = widened(stage.middle, width);
    for (int i = 0; i < stage.units; ++i) {
      units.emplace_back(config.unit, UnitSize{.in = channels, .middle = middle, .stride = i == 0 ? stage.stride : 1},
                         streams);
      channels = middle * config.unit.expansion;
    }
  }
  return stages;
}

}  // namespace

ResNet::ResNet(const ResNetConfig& config, const ModelOptions& options)
    : ResNet(config, options, InitStreams(options.seed)) {}

ResNet::ResNet(const ResNetConfig& config, const ModelOptions& options, InitStreams streams)
    : stem_(stem_size(config, options.width), streams.next()),
      pool_(config.imagenet_stem),
      pool_zero_padding_(options.pool_zero_padding),
      stages_(make_stages(config, options.width, streams)),
      norm_(output_channels(config, options.width), {.relu = true}),
      head_(output_channels(config, options.width), options.classes, streams.next(), options.zero_heads) {
  set_batch_norm_epsilon(*this, options.bn_epsilon);
}

Tensor ResNet::features(const Tensor& x, Mode mode) {
  check(x.shape().rank == 4 && x.shape()[3] == 3, "resnet: expected pictures (N, H, W, 3), got {}", x.shape());
  Tensor h = stem_.forward(x, mode);
  if (pool_) h = max_pool2d(h, {.kernel = 3, .stride = 2, .padding = 1, .zero_padding = pool_zero_padding_});
  for (auto& units : stages_)
    for (PreactUnit& unit : units) h = unit.forward(h, mode);
  return global_avg_pool(norm_.forward(h, mode));
}

void ResNet::visit(Visitor& visitor) {
  visitor.module("stem.conv", stem_);
  for (std::size_t i = 0; i < stages_.size(); ++i)
    for (std::size_t j = 0; j < stages_[i].size(); ++j)
      visitor.module("stages." + std::to_string(i) + ".blocks." + std::to_string(j), stages_[i][j]);
  visitor.module("norm", norm_);
  visitor.module("head.fc", head_);
}

}  // namespace s4l::nn
