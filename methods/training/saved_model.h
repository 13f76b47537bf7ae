#pragma once
#include <memory>
#include <string>
#include <vector>

#include "s4l/core/io/safetensors.h"
#include "s4l/methods/method.h"
#include "s4l/nn/module.h"

namespace s4l::methods {

/// What a weights file says beside the numbers: enough to use the model without the run it came from.
struct ModelCard {
  std::string model;  ///< "resnet-small"
  double width = 1;
  double bn_epsilon = 1e-3;
  std::string pool_padding = "zero";  ///< or "lowest"
  int img_size = 0;
  std::vector<std::string> class_names;
  std::string preprocess_eval;  ///< pipeline for one picture
  std::string eval_views;       ///< what the method's evaluation adds to it: "rotate" or nothing
  std::string method, dataset, data;
  std::string split_hash;
};

struct SavedModel {
  std::unique_ptr<nn::Classifier> model;
  ModelCard card;
};

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

/// The network's parameters and running statistics, copied into PyTorch's layout: kernels O,I,H,W.
NamedTensors exported(nn::Classifier& model);
/// Fills from `file` those tensors of `model` that are named in `wanted`. Shapes are PyTorch's, with or without ones
/// at the end; f32, f16 and bf16 are converted.
void import_weights(nn::Classifier& model, const io::TensorFile& file, const NamedTensors& wanted);
/// Whether two shapes differ by ones at the end alone: timm's heads are 1x1 convolutions.
bool same_numbers(const Shape& a, const Shape& b);

/// The heads that a method trains beside the network's, likewise: "method.rotations.weight".
NamedTensors exported_heads(Method& method);
/// Fills those of them that `file` has in their shape; returns their names.
std::vector<std::string> import_heads(Method& method, const io::TensorFile& file);

/// exported() and a method's heads with the card as metadata.
io::TensorFile weights_of(nn::Classifier& model, const ModelCard& card, const NamedTensors& heads = {});
/// Fills `model` from such a file.
void set_weights(nn::Classifier& model, const io::TensorFile& file);
/// The card in a file's metadata; an error names the file and what it lacks.
ModelCard card_of(const io::TensorFile& file, const std::string& path);
/// A new network as the card describes it.
std::unique_ptr<nn::Classifier> model_of(const ModelCard& card);
/// Reads a weights/*.safetensors that a run wrote; an error names the file and what it lacks.
SavedModel load_model(const std::string& path);

}  // namespace s4l::methods
