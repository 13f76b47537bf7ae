#include "s4l/nn/models/model.h"

#include <algorithm>
#include <array>

#include "s4l/core/nearest.h"
#include "s4l/nn/models/resnet.h"

namespace s4l::nn {
namespace {

const UnitKind kBottleneck{.kernels = {1, 3, 1}, .strided = 1, .expansion = 4};
const UnitKind kBasic{.kernels = {3, 3}, .strided = 1, .expansion = 1};  // S4L's: the second convolution has the stride
const UnitKind kWide{.kernels = {3, 3}, .strided = 0, .expansion = 1};

ResNetConfig imagenet(const UnitKind& unit, const std::array<int, 4>& units) {
  return {unit, 64, true, {{units[0], 64, 1}, {units[1], 128, 2}, {units[2], 256, 2}, {units[3], 512, 2}}};
}

ResNetConfig wide(std::int64_t k) { return {kWide, 16, false, {{4, 16 * k, 1}, {4, 32 * k, 2}, {4, 64 * k, 2}}}; }

struct Row {
  ModelEntry entry;
  ResNetConfig config;
};

const std::vector<Row>& table() {
  static const std::vector<Row> rows = {
      {{"resnet18", "ResNet-18 v2", 224, nullptr}, imagenet(kBasic, {2, 2, 2, 2})},
      {{"resnet34", "ResNet-34 v2", 224, nullptr}, imagenet(kBasic, {3, 4, 6, 3})},
      {{"resnet50", "ResNet-50 v2, the network of S4L", 224, "resnetv2_50"}, imagenet(kBottleneck, {3, 4, 6, 3})},
      {{"resnet101", "ResNet-101 v2", 224, "resnetv2_101"}, imagenet(kBottleneck, {3, 4, 23, 3})},
      {{"resnet152", "ResNet-152 v2", 224, "resnetv2_152"}, imagenet(kBottleneck, {3, 8, 36, 3})},
      {{"wrn-28-2", "Wide ResNet, 28 layers, twice as wide", 32, nullptr}, wide(2)},
      {{"wrn-28-10", "Wide ResNet, 28 layers, ten times as wide", 32, nullptr}, wide(10)},
      {{"resnet-small", "seven 3x3 convolutions, for small pictures on a CPU", 24, nullptr},
       {kWide, 16, false, {{1, 32, 2}, {1, 64, 2}, {1, 128, 2}}}},
  };
  return rows;
}

[[noreturn]] void fail_unknown(const std::string& name) {
  std::string known;
  std::vector<std::string> names;
  for (const ModelEntry& entry : models()) {
    known += (known.empty() ? "" : ", ") + std::string(entry.name);
    names.emplace_back(entry.name);
  }
  const std::string meant = nearest(name, names);
  fail(ErrorKind::usage, "model: expected one of {}, got \"{}\"{}", known, name,
       meant.empty() ? "" : ": did you mean \"" + meant + "\"?");
}

}  // namespace

const std::vector<ModelEntry>& models() {
  static const std::vector<ModelEntry> entries = [] {
    std::vector<ModelEntry> list;
    for (const Row& row : table()) list.push_back(row.entry);
    return list;
  }();
  return entries;
}

std::unique_ptr<Classifier> make_model(const std::string& name, const ModelOptions& options) {
  check(options.classes >= 1, "model: expected 1 or more classes, got {}", options.classes);
  check(options.width > 0, "model: expected a width above 0, got {}", options.width);
  for (const Row& row : table())
    if (row.entry.name == name) return std::make_unique<ResNet>(row.config, options);
  fail_unknown(name);
}

}  // namespace s4l::nn
