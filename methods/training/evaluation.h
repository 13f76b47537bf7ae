#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "s4l/data/dataset.h"
#include "s4l/data/transforms/pipeline.h"
#include "s4l/nn/module.h"

namespace s4l::methods {

struct Interval {
  double low = 0, high = 1;
};
/// Wilson's 95 % interval of a share (E. B. Wilson, 1927): it stays inside [0, 1] and is right for few pictures.
Interval wilson(std::int64_t hits, std::int64_t n);

/// Hits over the pictures that have a label. Top-k: the label's logit is among the k largest, ties count as hits; a row
/// that is not finite is a miss (spec 6), and so is one whose logits are all equal: an untrained network knows nothing.
struct Score {
  std::int64_t n = 0, top1 = 0, top5 = 0;
  double loss = 0;  ///< mean cross entropy
  double accuracy() const { return n == 0 ? 0 : static_cast<double>(top1) / static_cast<double>(n); }
  double top5_accuracy() const { return n == 0 ? 0 : static_cast<double>(top5) / static_cast<double>(n); }
};

struct Prediction {
  std::int64_t index = 0;  ///< in the data set
  std::int64_t label = -1, predicted = 0;
  double confidence = 0;  ///< softmax of the predicted class
};

struct ClassFigures {
  std::int64_t support = 0;
  double precision = 0, recall = 0, f1 = 0;
};

/// Predictions whose confidence lies in [low, low + 0.1) (the last bin includes 1): what was claimed and what came
/// true.
struct CalibrationBin {
  double low = 0, confidence = 0, accuracy = 0;  ///< means over its predictions, 0 where it has none
  std::int64_t n = 0;
};

struct Evaluation {
  Score unrotated;                      ///< of the upright view
  std::optional<Score> rot_avg;         ///< of the mean of the four views' logits, if the pipeline rotates
  std::vector<std::int64_t> confusion;  ///< (classes, classes), [label][predicted], of the upright view
  std::vector<Prediction> predictions;  ///< of the upright view, in the order of the indices
  std::vector<data::Damaged> damaged;   ///< pictures that could not be decoded; they count nowhere
  /// The predictions that are wrong, the surest first.
  std::vector<Prediction> errors() const;
  std::vector<ClassFigures> per_class() const;
  /// Means of the classes' precision, recall and F1, over those that have pictures.
  ClassFigures macro_mean() const;
  std::vector<CalibrationBin> calibration() const;
  /// Expected calibration error: mean over the predictions of their bin's |accuracy - confidence| (Guo et al. 2017).
  double calibration_error() const;
  std::int64_t classes = 0;
};

/// Classifies `indices` of `dataset` with the running statistics of `model`, `batch` pictures at a time, fewer
/// where memory ends (eval_batches.h).
Evaluation evaluate(nn::Classifier& model, const data::Dataset& dataset, const std::vector<std::int64_t>& indices,
                    const data::Pipeline& pipeline, std::int64_t batch, Device device);

}  // namespace s4l::methods
