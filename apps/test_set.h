#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "s4l/apps/command_line.h"
#include "s4l/apps/log.h"
#include "s4l/data/dataset.h"
#include "s4l/methods/training/evaluation.h"
#include "s4l/methods/training/saved_model.h"

namespace s4l::apps {

/// The pictures that `s4l eval` tests.
struct TestSet {
  std::vector<std::int64_t> pictures;  ///< in the data set
  std::string split;                   ///< the split.csv that lists them; empty: they are the data's own test part
  std::int64_t trained_on = 0;         ///< so many have the path of one that the weights were trained on
};

/// The file of a run that its weights lie in: RUN/name of RUN/weights/last.safetensors; empty where there is none.
std::string file_of_run(const std::string& weights, const char* name);

/// Where the command line names neither other data nor a split, those that the weights' own run has set aside: one that
/// is missing or damaged is an error, and so is a split.csv that is not the weights'. Warns where what is tested may
/// have been trained on.
TestSet test_set_for(const std::string& weights, const methods::ModelCard& card, const Arguments& arguments,
                     const data::Dataset& dataset, Log& log);
/// An error where a picture that a split lists could not be tested.
void check_all_tested(const TestSet& set, const methods::Evaluation& test);

}  // namespace s4l::apps
