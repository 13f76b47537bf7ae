#pragma once
#include <chrono>
#include <optional>
#include <string>

#include "s4l/core/checkpoint.h"
#include "s4l/methods/report/event_file.h"
#include "s4l/methods/training/metrics_log.h"
#include "s4l/methods/training/probe.h"
#include "s4l/methods/training/run.h"
#include "s4l/methods/training/run_setup.h"

namespace s4l::methods {

/// What a session works on; all of it outlives the session.
struct Subject {
  const RunOptions& options;
  const data::Dataset& dataset;
  const data::Split& split;
  const std::string &csv, &hash;
  Training& training;
};

/// One process's part of a run: trains in a folder from the start or from a checkpoint, to the end or to a stop.
class Session {
 public:
  Session(Subject subject, std::string folder, const RunCallbacks& callbacks);
  void start();
  void resume();
  RunResult run();

 private:
  /// The weights that did best on validation; part of the checkpoint, so that a resumed run knows them.
  struct Best {
    std::int64_t step = -1, hits = -1;
    double loss = 0;
    io::TensorFile weights;
  };
  using Clock = std::chrono::steady_clock;

  ModelCard card() const;
  io::TensorFile weights();
  void fit_probe();
  LabelledFeatures labelled_features();
  Evaluation evaluate_on(const std::vector<std::int64_t>& indices);
  double seconds() const;
  io::TensorFile state();
  void restore(const io::TensorFile& file);
  void log_means(double lr);
  void validate();
  void save();
  void finish();
  /// Metrics of a step; `timings`, which no two runs share, go to TensorBoard alone.
  void log(std::int64_t step, const MetricsLog::Values& values, const MetricsLog::Values& timings = {});
  void describe();
  bool out_of_patience() const;
  template <class Write>
  void or_warn(const char* what, const Write& write);
  void tell_damaged(const std::vector<data::Damaged>& damaged) const;
  void warn(const std::string& text) const;

  Subject s_;
  Trainer& trainer_;
  std::string folder_;  // empty: nothing is written
  const RunCallbacks& callbacks_;
  MetricsLog log_;
  EventFile events_;
  std::optional<CheckpointFolder> checkpoints_;
  Best best_;
  RunResult result_;
  double seconds_before_ = 0;  // of training, in the parts before a resume
  Clock::time_point started_, logged_;
  std::int64_t logged_step_ = 0;
  double logged_wait_ = 0;  // seconds for the loader, by then
};

}  // namespace s4l::methods
