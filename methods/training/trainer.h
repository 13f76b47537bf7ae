#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "s4l/core/io/safetensors.h"
#include "s4l/methods/method.h"
#include "s4l/methods/training/captured_step.h"
#include "s4l/nn/optim/sgd.h"

namespace s4l::methods {

struct TrainOptions {
  nn::Schedule lr;
  nn::SgdOptions sgd;
  std::uint64_t seed = 0;
  int virtual_replicas = 1;
  bool cross_replica_bn = false;                       ///< batch norm sees all virtual replicas as one
  double bn_momentum = 0.99;                           ///< of batch norm's running statistics
  RotationBatchOptions labelled_tail;                  ///< the device's part of the labelled pipeline
  std::vector<RotationBatchOptions> unlabelled_tails;  ///< and of each unlabelled view's
  Device device{};                                     ///< where it trains; the loader's
  bool capture = true;                                 ///< a GPU records the step once and replays it
};

/// The training loop's one step and its state. It knows no files and no clock: Run (run.h) does.
class Trainer {
 public:
  Trainer(nn::Classifier& model, Method& method, data::Loader& loader, TrainOptions options);

  /// Next batch, loss, gradient, update. The network and the method's heads change in place. Where memory ends, the
  /// Error(memory) names a batch that was found to fit, and the weights are of no use any more.
  void step();
  /// Steps done so far.
  std::int64_t steps_done() const { return step_; }
  double lr() const { return options_.lr.at(step_); }

  /// Means of the metrics over the steps since the last call, by tag, "train/loss" first. Throws Error(numeric) that
  /// names the step if the loss was not finite.
  std::vector<std::pair<std::string, double>> take_metrics();

  /// Everything that the next step depends on: weights, statistics, momentum, averages, the step itself. Throws
  /// Error(numeric) where a loss since the last look at them or a number of the state is not finite.
  io::TensorFile state();
  /// Continues from a state; a tensor it lacks or another shape is an error that names it.
  void restore(const io::TensorFile& file);

  /// Exchanges weights and their averages, if there are any; twice restores. For evaluation and export.
  void swap_average();
  std::int64_t parameter_count() const { return optimizer_->size(); }

 private:
  std::vector<std::pair<std::string, Tensor>> tensors() const;
  void sum_metrics();
  [[noreturn]] void fail_not_finite(Step& step);
  void take_step(const data::Batch& batch);
  void refresh_scalars();
  Rng rng() const;
  void compute(const data::Batch& batch, Metrics& metrics);
  std::string batch_that_fits(const data::Batch& batch);

  nn::Classifier& model_;
  Method& method_;
  data::Loader& loader_;
  TrainOptions options_;
  std::unique_ptr<nn::Module> whole_;  // network and method as one module
  std::unique_ptr<nn::Sgd> optimizer_;
  Tensor lr_, random_;  // device scalars, refreshed before each step
  CapturedStep captured_;
  Metrics metrics_;
  std::map<std::string, std::pair<double, std::int64_t>>
      sums_;  // of metrics since the last take_metrics(), with counts
  std::int64_t step_ = 0;
};

}  // namespace s4l::methods
