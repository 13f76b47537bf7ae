#pragma once
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "s4l/methods/training/evaluation.h"
#include "s4l/methods/training/run_options.h"
#include "s4l/methods/training/saved_model.h"
#include "s4l/methods/training/trainer.h"

namespace s4l::methods {

/// One line of the log: means since the last one.
struct LogRow {
  std::int64_t step = 0, steps = 0;
  double seconds = 0;                                  ///< since the run began, resumed parts included
  std::vector<std::pair<std::string, double>> values;  ///< by tag: train/loss, lr, perf/img_per_s, time/step_ms ...
};

struct RunCallbacks {
  std::function<void(const LogRow&)> on_log;
  std::function<void(std::int64_t step, const Evaluation& val)> on_validation;
  std::function<void(const std::string&)> on_warning;  ///< one line each: a damaged picture, a failed checkpoint
  std::function<bool()> should_stop;                   ///< asked after every step; true: save and return
};

struct RunResult {
  bool stopped = false;  ///< by should_stop: resume to go on
  std::int64_t steps = 0;
  double seconds = 0;               ///< of training
  std::int64_t reported_step = 0;   ///< whose weights are reported
  bool best_on_validation = false;  ///< chosen on validation; else the last step's
  Evaluation test;                  ///< empty if stopped or there are no test pictures
};

/// What a run comprises.
struct Plan {
  std::int64_t labelled = 0, unlabelled = 0, val = 0, test = 0, damaged = 0;
  std::vector<std::int64_t> labelled_per_class;
  std::int64_t parameters = 0, steps = 0;
  std::int64_t labelled_rows = 0, unlabelled_rows = 0;  ///< of a step, views included, that the network sees
  std::int64_t unlabelled_pictures = 0;                 ///< that the latter are views of
  double seconds_per_step = 0;                          ///< 0 until measured
  double seconds_per_picture = 0;                       ///< of evaluation, likewise
  double seconds_per_view = 0;                          ///< of one of the views that it sees, likewise
  std::int64_t validations = 0;
  std::int64_t guessed = 0;  ///< views of training pictures that the stage before still has to answer for
  /// Of the whole run: guesses, steps, validations and the test.
  double seconds() const {
    return seconds_per_step * static_cast<double>(steps) +
           seconds_per_picture * static_cast<double>(test + val * validations) + seconds_of_guesses();
  }
  double seconds_of_guesses() const { return seconds_per_view * static_cast<double>(guessed); }
  std::int64_t rows_per_step() const { return labelled_rows + unlabelled_rows; }
  double peak_bytes = 0;   ///< of tensors in a step, likewise, or in what this process did before
  std::string pretrained;  ///< what the network starts from, as a sentence; empty: random weights
};

/// What a run of one stage starts from: what its options name, or, to plan it before the stage before has run, a
/// stand-in for what that will leave (random weights, any labels).
enum class Start { given, assumed };

/// A whole run from options to a tested model: opens the data, splits the labels, trains, validates, saves, and reads
/// the test set once. Writes nothing outside the folder it is given.
class Run {
 public:
  explicit Run(const RunOptions& options, Start start = Start::given);
  ~Run();

  /// As given, with everything filled in that followed from the rest.
  const RunOptions& options() const;
  const data::Dataset& dataset() const;
  const data::Split& split() const;
  const std::string& split_csv() const;
  /// SHA-256 of split_csv: equal for equal splits.
  const std::string& split_hash() const;
  nn::Classifier& model();
  std::int64_t parameter_count() const;

  Plan plan() const;
  /// Adds step time, evaluation time and memory to a plan: measured on three real steps (of a large step on a share of
  /// its pictures), and on some training pictures, with a training that is then forgotten. Call it before train().
  void measure(Plan& plan);
  /// Trains to the end or to a stop, then tests. `folder` exists; checkpoints/, weights/, eval/, samples/, split.csv,
  /// metrics.csv and metrics.jsonl are written below it. With `resume` it continues from the newest whole checkpoint in
  /// it. An empty folder name writes nothing (comparisons in memory).
  RunResult train(const std::string& folder, bool resume, const RunCallbacks& callbacks);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace s4l::methods
