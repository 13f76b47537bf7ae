#pragma once
#include "s4l/data/dataset.h"
#include "s4l/data/transforms/pipeline.h"
#include "s4l/methods/training/run_options.h"

namespace s4l::methods {

/// Fills in img_size, augment and preprocess_eval, as far as nobody said them, from the sizes of the pictures; an
/// impossible size is an error of kind usage.
void fill_in_pictures(const data::Dataset& dataset, RunOptions& options);
/// Throws Error(usage), naming `option`, where `pipeline` makes pictures of several sizes from those of the data set,
/// or turns what is not square: it is tried on the pictures of the most different shapes.
void check_one_size(const data::Dataset& dataset, const data::Pipeline& pipeline, bool train, const char* option);

}  // namespace s4l::methods
