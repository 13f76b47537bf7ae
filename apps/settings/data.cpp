#include <algorithm>

#include "s4l/apps/settings/rows.h"
#include "s4l/core/error.h"

namespace s4l::apps {
namespace {

void set_labels(RunOptions& options, const std::string& text) {
  options.labels = text;
  options.labels_per_class = -1;
  options.labels_file.clear();
}

void set_num_labels(RunOptions& options, const std::string& text) { set_labels(options, text + "n"); }

void add_data_option(RunOptions& options, const std::string& text) {
  const std::size_t equals = text.find('=');
  check(equals != std::string::npos && equals > 0, "expected KEY=VALUE, got \"{}\"", text);
  std::string key = text.substr(0, equals);
  std::replace(key.begin(), key.end(), '_', '-');
  options.dataset_options[key] = text.substr(equals + 1);
}

void add_unlabeled(RunOptions& options, const std::string& text) { options.unlabeled.push_back(text); }

}  // namespace

std::vector<Row> data_rows() {
  const std::string s = "data";
  return {
      Row(s, kCommon, "data", "PATH", &RunOptions::data,
          "your pictures: a folder (or .tar) with one folder per class, or a .csv file with path,label,split")
          .aliases({"data-dir", "dataset-dir"}),
      Row(s, kCommon, "dataset", "NAME", &RunOptions::dataset, "one of `s4l list datasets`; things without --data"),
      Row(s, kCommon, "labels", "SHARE", &RunOptions::labels, "labels to learn from: 10 or 10% of them, 40n in all"),
      Row(s, kCommon, "num-labels", "N", Reader{set_num_labels}, "or so many labels in all")
          .aliases({"num-supervised-examples"}),
      Row(s, kCommon, "labels-per-class", "N", &RunOptions::labels_per_class, "or so many of each class"),
      Row(s, kRare, "pseudo-labels", "FILE", &RunOptions::pseudo_labels,
          "CSV of path and label (or guess) for pictures whose label is not known"),
      Row(s, kCommon, "unlabeled", "DIR", Reader{add_unlabeled}, "more pictures, without labels; repeatable")
          .aliases({"unlabelled"})
          .repeatable(),
      Row(s, kCommon, "labels-file", "FILE", &RunOptions::labels_file,
          "who is labelled: a run's split.csv, a list of paths, or a split of S4L, FixMatch or USB")
          .aliases({"split"}),
      Row(s, kRare, "sampler", "shuffled|balanced", &RunOptions::sampler,
          "of labelled pictures: shuffled, or balanced over classes"),
      Row(s, kRare, "class-weights", "none|balanced", &RunOptions::class_weights,
          "of the labels' loss; balanced: rare classes weigh more")
          .aliases({"class-weight"}),
      Row(s, kRare, "data-option", "KEY=VALUE", Reader{add_data_option}, "an option of the data set; repeatable")
          .repeatable(),
      Row(s, kRare, "data-seed", "N", &RunOptions::data_seed, "of generated pictures"),
      Row(s, kRare, "val-fraction", "X", &RunOptions::val_fraction, "share of the labels kept for validation"),
      Row(s, kRare, "strict", "", &RunOptions::strict, "stop at the first damaged picture"),
      Row(s, kRare, "max-damaged", "PERCENT", &RunOptions::max_damaged, "more damaged pictures stop the run"),
      Row(s, kRare, "cache", "GIB", &RunOptions::cache, "memory for decoded pictures").free_on_resume(),
      Row(s, kRare, "augment", "PIPELINE", &RunOptions::augment, "preprocessing while training")
          .aliases({"preprocessing"})
          .chosen_by("the sizes of the pictures"),
      Row(s, kRare, "preprocess-eval", "PIPELINE", &RunOptions::preprocess_eval, "preprocessing for evaluation")
          .aliases({"preprocessing-eval"})
          .chosen_by("the sizes of the pictures"),
      Row(s, kRare, "exact-preprocessing", "", &RunOptions::exact_preprocessing,
          "round no levels between operations; slower, for comparison"),
  };
}

}  // namespace s4l::apps
