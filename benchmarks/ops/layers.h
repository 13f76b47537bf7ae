#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace s4l::bench {

/// A convolution of a network on `images` pictures of `size` x `size` pixels, padded by kernel / 2.
struct Layer {
  const char* network;
  std::int64_t images, size, channels, outputs, kernel, stride;
  std::string name() const;          ///< such as "64-128@16 k3 s2"
  std::int64_t output_size() const;  ///< rows and columns
  double gflop() const;              ///< of the definition, in one direction: 2 per multiply-add
};

/// Every different convolution of every network of the tree and of its recipes, each once.
std::vector<Layer> layers();

}  // namespace s4l::bench
