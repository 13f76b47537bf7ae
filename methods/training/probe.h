#pragma once
#include <memory>

#include "s4l/data/dataset.h"
#include "s4l/data/transforms/pipeline.h"
#include "s4l/nn/module.h"

namespace s4l::methods {

/// Features of pictures and their classes.
struct LabelledFeatures {
  Tensor features;  ///< (n, F)
  Tensor labels;    ///< (n) i32
};
/// What `model` with its running statistics makes of the pictures `indices`, `batch` at a time.
LabelledFeatures features_of(nn::Classifier& model, const data::Dataset& dataset,
                             const std::vector<std::int64_t>& indices, const data::Pipeline& pipeline,
                             std::int64_t batch, Device device);

/// Linear probe (spec 2.2): gives the head of `model`, its parameters head.fc, the logistic regression on those
/// features, without weight decay, until the gradient is a ten-thousandth of the first one. Everything else stays as it
/// is. Always the same for the same features.
void fit_linear_head(nn::Classifier& model, const LabelledFeatures& examples);

/// Nearest neighbours: a classifier with the features of `model`, whose classes are voted for by the k examples of the
/// largest cosine s, each with exp(s / 0.07) (Wu et al. 2018); k is 20, or fewer where the classes have fewer examples.
/// Its logits are the logarithms of the shares. `model` outlives it.
std::unique_ptr<nn::Classifier> nearest_neighbours(nn::Classifier& model, const LabelledFeatures& examples,
                                                   int classes);

}  // namespace s4l::methods
