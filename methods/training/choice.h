#pragma once
#include "s4l/data/dataset.h"
#include "s4l/data/split.h"
#include "s4l/methods/training/run_options.h"

namespace s4l::methods {

/// The network where nothing was said: what a CPU trains in minutes, or on a GPU the paper's for photographs.
void choose_network(const data::Dataset& dataset, RunOptions& options);
/// Pictures a step and the number of steps where nothing was said: they follow from the number of pictures and labels
/// and the device, never from a timing, so that a run repeats.
void choose_length(const data::Split& split, RunOptions& options);

}  // namespace s4l::methods
