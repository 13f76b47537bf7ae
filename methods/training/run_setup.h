#pragma once
#include "s4l/methods/training/run_options.h"
#include "s4l/methods/training/trainer.h"

namespace s4l::methods {

/// Throws Error(usage) for a value that no data set could make right.
void check_options(const RunOptions& options);
/// What a data set is opened with.
data::DatasetOptions dataset_options(const RunOptions& options);
/// Opens the data set that `options` names: what the path is seen to hold where only that is given, "things" where
/// nothing is.
std::unique_ptr<data::Dataset> open_data(RunOptions& options);
/// Where nothing was said and there are weights to start from, the network is theirs.
void fill_in_network(RunOptions& options);
/// Fills in what follows from the pictures: size, pipelines, intervals, the number of steps. An impossible value is an
/// error of kind usage that names the option.
void fill_in_from(const data::Dataset& dataset, const data::Split& split, RunOptions& options);
/// The stage of its method that the options are for, nameless where it has one training alone; an impossible one is an
/// error of kind usage.
Stage stage_of(const RunOptions& options);
/// With pseudo_labels: every training picture that they list becomes a labelled one. A stage that
/// needs them and has none is an error.
void take_guesses(const RunOptions& options, std::unique_ptr<data::Dataset>& dataset, data::Split& split);
/// Stands in for guesses that are still to be made, where the stage needs them: every training picture gets some label.
void assume_guesses(const RunOptions& options, std::unique_ptr<data::Dataset>& dataset, data::Split& split);
data::SplitOptions split_options(const RunOptions& options);
/// Who is labelled: as options.labels_file says, else a choice of as many as are asked for.
data::Split split_data(const RunOptions& options, const data::Dataset& dataset);

/// What trains: made from the same options it is always the same, down to the bit.
struct Training {
  std::unique_ptr<nn::Classifier> model;
  std::unique_ptr<nn::Classifier> mixed;  ///< the same network as training computes it, in mixed precision; or none
  std::string pretrained;                 ///< what was taken from --pretrained, as a sentence; empty: nothing
  std::unique_ptr<Method> method;
  std::unique_ptr<data::Loader> loader;
  std::unique_ptr<Trainer> trainer;
};
Training make_training(const RunOptions& options, const data::Dataset& dataset, const data::Split& split);
/// The pipeline of one view: the recipe's augmentation and what the method adds.
std::string with_view(const std::string& pipeline, const std::string& view);
/// Unlabelled pictures a step: batch_size * uratio, at least 1.
std::int64_t unlabelled_batch(const RunOptions& options);
/// Pictures a step, each view of an unlabelled one counted once.
std::int64_t pictures_per_step(const RunOptions& options, const Method& method);

}  // namespace s4l::methods
