#include "s4l/benchmarks/ops/layers.h"

namespace s4l::bench {
namespace {

/// Adds a network's layers unit by unit, as nn/models/model.cpp lists them.
class Lister {
 public:
  Lister(std::vector<Layer>& list, const char* network, std::int64_t images, std::int64_t size)
      : list_(list), network_(network), images_(images), size_(size) {}

  void add(std::int64_t channels, std::int64_t outputs, std::int64_t kernel, std::int64_t stride) {
    const Layer layer{network_, images_, size_, channels, outputs, kernel, stride};
    for (const Layer& other : list_)
      if (other.images == layer.images && other.name() == layer.name()) return;
    list_.push_back(layer);
  }
  void shrink() { size_ /= 2; }

  /// Two 3x3 convolutions, the first with the stride, as many units as there are different ones.
  void wide(std::int64_t channels, std::int64_t outputs, std::int64_t stride) {
    add(channels, outputs, 3, stride);
    if (channels != outputs) add(channels, outputs, 1, stride);
    if (stride == 2) shrink();
    add(outputs, outputs, 3, 1);
  }
  /// S4L's: the second has the stride.
  void basic(std::int64_t channels, std::int64_t outputs, std::int64_t stride) {
    add(channels, outputs, 3, 1);
    add(outputs, outputs, 3, stride);
    if (channels != outputs) add(channels, outputs, 1, stride);
    if (stride == 2) shrink();
    add(outputs, outputs, 3, 1);
  }
  void bottleneck(std::int64_t channels, std::int64_t middle, std::int64_t stride) {
    const std::int64_t outputs = 4 * middle;
    add(channels, middle, 1, 1);
    add(middle, middle, 3, stride);
    add(channels, outputs, 1, stride);
    if (stride == 2) shrink();
    add(middle, outputs, 1, 1);
    add(outputs, middle, 1, 1);
    add(middle, middle, 3, 1);
  }

 private:
  std::vector<Layer>& list_;
  const char* network_;
  std::int64_t images_, size_;
};

void wide_resnet(std::vector<Layer>& list, const char* network, std::int64_t images, std::int64_t width) {
  Lister net(list, network, images, 32);
  net.add(3, 16, 3, 1);
  net.wide(16, 16 * width, 1);
  net.wide(16 * width, 32 * width, 2);
  net.wide(32 * width, 64 * width, 2);
}

void resnet50(std::vector<Layer>& list, const char* network, std::int64_t images, std::int64_t width) {
  Lister net(list, network, images, 224);
  net.add(3, 64 * width, 7, 2);
  net.shrink();
  net.shrink();  // the max pool
  net.bottleneck(64 * width, 64 * width, 1);
  for (std::int64_t middle : {64, 128, 256}) net.bottleneck(4 * middle * width, 2 * middle * width, 2);
}

}  // namespace

std::string Layer::name() const {
  return std::to_string(channels) + "-" + std::to_string(outputs) + "@" + std::to_string(size) + " k" +
         std::to_string(kernel) + " s" + std::to_string(stride);
}

std::int64_t Layer::output_size() const { return (size + kernel / 2 * 2 - kernel) / stride + 1; }

double Layer::gflop() const {
  return 2e-9 * static_cast<double>(images * output_size() * output_size() * outputs * kernel * kernel * channels);
}

std::vector<Layer> layers() {
  std::vector<Layer> list;
  Lister small(list, "resnet-small", 192, 24);  // the rotations of 48 pictures
  small.add(3, 16, 3, 1);
  for (std::int64_t channels : {16, 32, 64}) small.wide(channels, 2 * channels, 2);
  wide_resnet(list, "wrn-28-2", 64, 2);
  wide_resnet(list, "wrn-28-10", 16, 10);
  resnet50(list, "resnet50", 8, 1);  // and resnet101, resnet152
  resnet50(list, "resnet50-4x", 2, 4);
  Lister basic(list, "resnet18", 8, 224);  // and resnet34; where they have resnet50's layers, those stand there
  basic.add(3, 64, 7, 2);
  basic.shrink();
  basic.shrink();
  basic.basic(64, 64, 1);
  for (std::int64_t channels : {64, 128, 256}) basic.basic(channels, 2 * channels, 2);
  return list;
}

}  // namespace s4l::bench
