#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "s4l/data/dataset.h"

namespace s4l::data {

/// How many labels to keep: exactly one of the three is set (not negative).
struct LabelBudget {
  double percent = -1;  ///< of the labelled training pictures
  std::int64_t total = -1;
  std::int64_t per_class = -1;
};

/// Reads "10", "10%" (percent) and "40n" (total); anything else is a usage error that shows these.
LabelBudget label_budget_from(const std::string& text);

struct SplitOptions {
  LabelBudget budget;
  double val_fraction = 0.2;  ///< of the labels of each class; none where a class has fewer than 10 labels
  std::uint64_t seed = 0;
};

/// Who takes which part, as indices into the data set, each list ascending.
struct Split {
  std::vector<std::int64_t> labelled;    ///< labels the training sees
  std::vector<std::int64_t> unlabelled;  ///< every training picture but the validation's, the labelled included
  std::vector<std::int64_t> val;         ///< carved from the labels; may be empty
  std::vector<std::int64_t> test;
};

/// A class-balanced, seeded choice: each class gives the floor or the ceil of the share, at least 1, a smaller class
/// all it has. Training pictures without a label are unlabelled only; the test may be empty. Throws Error(data) without
/// training pictures, with a single class or one without labels, and a usage error where more labels are asked than
/// there are.
Split make_split(const Dataset& dataset, const SplitOptions& options);

/// The split in which exactly the pictures `labelled` have given their labels; validation is carved from them as in
/// make_split, and options.budget is not used. Throws Error(data) where one is no training picture with a label or
/// comes twice, and where a class has none.
Split split_with_labels(const Dataset& dataset, const std::vector<std::int64_t>& labelled, const SplitOptions& options);

/// The pictures `indices` in which every class is as frequent as the largest: a smaller class's pictures come several
/// times, the seeded ones among them once more. Ascending.
std::vector<std::int64_t> balanced(const Dataset& dataset, const std::vector<std::int64_t>& indices,
                                   std::uint64_t seed);

/// What a label of each class weighs so that all classes weigh the same: pictures / (classes * those of the class), 1
/// on average over `indices`. Throws Error(data) where a class has none.
std::vector<float> balanced_class_weights(const Dataset& dataset, const std::vector<std::int64_t>& indices);

/// split.csv: header path,label,role; label is the class's name, or nothing; role is labeled (which implies unlabeled),
/// unlabeled, val or test; rows in the data set's order.
std::string split_csv(const Dataset& dataset, const Split& split);
/// Reads what split_csv wrote. Throws Error(data) naming the line of a path or label that the data set lacks, or the
/// data set's picture that is not listed.
Split split_from_csv(const Dataset& dataset, const std::string& csv);
/// SHA-256 of split_csv, in hex: equal on every machine for equal splits.
std::string split_hash(const std::string& csv);

}  // namespace s4l::data
