#pragma once
#include <memory>
#include <string>
#include <vector>

#include "s4l/methods/training/run_setup.h"
#include "s4l/methods/training/trainer.h"
#include "s4l/tests/data/memory_dataset.h"

namespace s4l::test {

struct SmallTrainingOptions {
  bool capture = false;
  std::string augment{};  ///< empty: what suits the method
  std::vector<float> class_weights{};
  std::string model = "resnet-small";
  DType computed_in = DType::f32;  ///< bf16 or f16: mixed precision
  int stage = 1;                   ///< of a method of several
};

/// A training that a method consists of: "rotation", or "moam-2-guesses" and its stage.
struct NamedTraining {
  std::string name, method;
  int stage = 1;
};
/// Of every method, in their order.
std::vector<NamedTraining> all_trainings();

/// A method that trains a small network on pictures in memory.
struct SmallTraining {
  MemoryDataset dataset{3, {8}, 0};
  data::Split split;
  std::unique_ptr<nn::Classifier> model, mixed;
  std::unique_ptr<methods::Method> method;
  std::unique_ptr<data::Loader> loader;
  std::unique_ptr<methods::Trainer> trainer;

  SmallTraining(const std::string& name, Device device, const SmallTrainingOptions& options = {});
  /// The metrics of each of the next steps, the loss first.
  std::vector<std::vector<double>> train(int steps);
};

}  // namespace s4l::test
