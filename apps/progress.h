#pragma once
#include <string>

#include "s4l/apps/log.h"
#include "s4l/methods/training/run.h"

namespace s4l::apps {

/// The line to look at while a run trains: drawn anew on a terminal, else one plain line now and then.
class Progress {
 public:
  /// `steps_per_epoch`: of passes over the labelled pictures.
  Progress(Log& log, double steps_per_epoch) : log_(log), steps_per_epoch_(steps_per_epoch) {}

  void show(const methods::LogRow& row);

 private:
  std::string text(const methods::LogRow& row, bool bar) const;

  Log& log_;
  double steps_per_epoch_;
  double first_seconds_ = -1;
  std::int64_t first_step_ = 0, next_plain_ = 0;
};

}  // namespace s4l::apps
