#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "s4l/data/transforms/pipeline.h"
#include "s4l/methods/training/saved_model.h"

namespace s4l::methods {

/// A trained model with its preprocessing: pictures in, features and class probabilities out, of the upright view.
class Predictor {
 public:
  explicit Predictor(SavedModel saved, Device device = kCpu);

  const ModelCard& card() const { return saved_.card; }
  std::int64_t feature_size() const { return saved_.model->feature_size(); }

  /// A picture as it leaves the host's part of the preprocessing, from the bytes of its file; any thread may call it.
  /// Throws Error(data).
  data::View prepare(std::span<const std::uint8_t> bytes) const;
  /// Features (n, F) of n > 0 prepared pictures. One thread at a time.
  Tensor features(const std::vector<data::View>& pictures) const;
  /// Class probabilities of each row of features, in the order of card().class_names.
  std::vector<std::vector<double>> probabilities(const Tensor& features) const;

 private:
  SavedModel saved_;
  data::Pipeline pipeline_;
  Device device_;
};

}  // namespace s4l::methods
