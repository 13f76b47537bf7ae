#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "s4l/nn/module.h"

namespace s4l::nn {

struct ModelOptions {
  int classes = 10;
  double width = 1;               ///< filters_factor / 4 of the spec: 2 and 4 are the wide ResNets
  bool zero_heads = false;        ///< the heads' kernels start at 0 instead of Glorot
  double bn_epsilon = 1e-3;       ///< of every batch norm; timm's networks have 1e-5
  bool pool_zero_padding = true;  ///< of the stem's pool: places beside the picture count as 0, or never win
  std::uint64_t seed = 0;         ///< of the initial weights
};

struct ModelEntry {
  const char* name;
  const char* summary;
  int img_size;      ///< the side of the pictures it is meant for
  const char* timm;  ///< timm's network with the same tensors and strides, or null
};

/// "resnet18" ... "resnet152" (v2), "wrn-28-2", "wrn-28-10", "resnet-small".
const std::vector<ModelEntry>& models();
/// A new network with initial weights (spec 2.0.5); an unknown name is an error that lists the known ones.
std::unique_ptr<Classifier> make_model(const std::string& name, const ModelOptions& options);

}  // namespace s4l::nn
