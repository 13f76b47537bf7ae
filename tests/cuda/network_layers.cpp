#include "s4l/tests/cuda/network_layers.h"

#include <algorithm>

#include "s4l/core/autograd.h"
#include "s4l/nn/layers/conv2d.h"
#include "s4l/nn/models/model.h"

namespace s4l::test {
namespace {

class Convolutions final : public nn::Visitor {
 public:
  std::vector<const nn::Conv2d*> found;
  void parameter(std::string_view, nn::Parameter&) override {}
  void module(std::string_view, nn::Module& child) override {
    if (const auto* conv = dynamic_cast<const nn::Conv2d*>(&child)) found.push_back(conv);
    child.visit(*this);
  }
};

/// The pictures that went into and came out of the convolutions of one forward pass.
struct Calls {
  std::vector<Shape> x, y;
};

Calls calls_of(nn::Classifier& network, int side) {
  static std::vector<Shape> inputs;
  inputs.clear();
  Calls calls;
  const NoGrad no_grad;
  const WatchOps watch([&](const char* op, const Tensor& y) {
    if (std::string_view(op) == "conv2d") calls.y.push_back(y.shape());
  });
  const KernelObserver before = kernel_observer.exchange([](const char* kernel, const Tensor& x) {
    if (std::string_view(kernel) == "conv2d") inputs.push_back(x.shape());
  });
  network.features(zeros({1, side, side, 3}), nn::Mode::eval);
  kernel_observer = before;
  calls.x = inputs;
  return calls;
}

bool fits(const nn::Conv2d& conv, const Shape& x, const Shape& y) {
  const Shape& w = conv.weight.value.shape();
  const int stride = conv.options.stride;
  return w[3] == x[3] && w[0] == y[3] && y[1] == (x[1] + stride - 1) / stride;
}

}  // namespace

std::string name_of(const NetworkLayer& l) {
  return fill_in("{}x{}x{} {}x{} {}{}",
                 {to_text(l.x[1]), to_text(l.x[2]), to_text(l.x[3]), to_text(l.w[1]), to_text(l.w[2]), to_text(l.w[0]),
                  l.options.stride == 1 ? "" : " /" + to_text(l.options.stride)});
}

/// A unit visits its shortcut last and runs it first, so that calls and convolutions are in different orders. Of those
/// not yet taken the first that fits is the one that ran, or one that another call with the same pictures takes
/// instead.
std::vector<NetworkLayer> network_layers() {
  std::vector<NetworkLayer> layers;
  std::vector<std::string> known;
  for (const nn::ModelEntry& model : nn::models()) {
    const auto network = nn::make_model(model.name, {});
    Convolutions convolutions;
    network->visit(convolutions);
    const Calls calls = calls_of(*network, model.img_size);
    check(calls.x.size() == convolutions.found.size() && calls.y.size() == calls.x.size(),
          "{}: expected each of {} convolutions to run once, got {} runs", model.name, convolutions.found.size(),
          calls.x.size());
    for (std::size_t i = 0; i < calls.x.size(); ++i) {
      auto& left = convolutions.found;
      const auto conv =
          std::find_if(left.begin(), left.end(), [&](const nn::Conv2d* c) { return fits(*c, calls.x[i], calls.y[i]); });
      check(conv != left.end(), "{}: expected a convolution from {} to {}", model.name, calls.x[i], calls.y[i]);
      const NetworkLayer layer{calls.x[i], (*conv)->weight.value.shape(), calls.y[i], (*conv)->options};
      left.erase(conv);
      if (std::find(known.begin(), known.end(), name_of(layer)) != known.end()) continue;
      known.push_back(name_of(layer));
      layers.push_back(layer);
    }
  }
  return layers;
}

}  // namespace s4l::test
