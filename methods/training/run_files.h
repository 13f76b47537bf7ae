#pragma once
#include <string>
#include <vector>

#include "s4l/core/io/json.h"
#include "s4l/data/split.h"
#include "s4l/methods/training/evaluation.h"
#include "s4l/methods/training/run.h"

namespace s4l::methods {

/// The figures of an evaluation: scores with their intervals, precision, recall and F1 of each class.
io::Json evaluation_json(const Evaluation& evaluation, const std::vector<std::string>& class_names);
/// eval/summary.json (with the weights and the split that it is of), per_class.csv, confusion.csv, predictions.csv,
/// errors.csv (the surest first) and calibration.csv below `folder`.
void write_evaluation(const std::string& folder, const data::Dataset& dataset, const std::string& split_hash,
                      const RunResult& result);
/// samples/labelled.png, the pictures with labels, and samples/network_input.png, rows as the network sees them.
void write_samples(const std::string& folder, const data::Dataset& dataset, const data::Split& split,
                   const RunOptions& options, const std::string& view);

}  // namespace s4l::methods
