#pragma once
#include <functional>
#include <string>
#include <vector>

#include "s4l/benchmarks/ops/layers.h"

namespace s4l::bench {

enum class Direction { forward, data, weight };

/// One way in which oneDNN computes a layer: "nhwc" (pictures as this engine keeps them), "blocked" (whatever it likes
/// best) or "winograd"; weights in its own order in all of them, arranged beforehand.
struct Peer {
  std::string name;
  std::string implementation;  ///< as oneDNN calls it
  std::function<void()> run;
};

/// Those that this oneDNN has for the layer, on tensors of its own.
std::vector<Peer> onednn_conv2d(const Layer& layer, Direction direction);

std::string onednn_version();

}  // namespace s4l::bench
