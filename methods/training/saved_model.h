#pragma once
#include <memory>
#include <string>
#include <vector>

#include "s4l/core/io/safetensors.h"
#include "s4l/nn/module.h"

namespace s4l::methods {

/// What a weights file says beside the numbers: enough to use the model without the run it came from.
struct ModelCard {
  std::string model;  ///< "resnet-small"
  double width = 1;
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

/// The network's parameters and running statistics (copies) with the card as metadata.
io::TensorFile weights_of(nn::Classifier& model, const ModelCard& card);
/// Fills `model` from such a file.
void set_weights(nn::Classifier& model, const io::TensorFile& file);
/// Reads a weights/*.safetensors that a run wrote; an error names the file and what it lacks.
SavedModel load_model(const std::string& path);

}  // namespace s4l::methods
