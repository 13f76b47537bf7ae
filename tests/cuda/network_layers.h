#pragma once
#include <string>
#include <vector>

#include "s4l/core/ops/conv2d.h"

namespace s4l::test {

/// A convolution of a network, for one picture.
struct NetworkLayer {
  Shape x, w, y;
  Conv2dOptions options;
};
/// "56x56x64 3x3 64 /2": the picture, the kernel, the outputs, and the stride.
std::string name_of(const NetworkLayer& layer);

/// Every kind of convolution in every network of nn/models, each once, in the order in which networks run them on a
/// picture of the size they are meant for.
std::vector<NetworkLayer> network_layers();

}  // namespace s4l::test
