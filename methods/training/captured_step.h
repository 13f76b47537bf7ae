#pragma once
#include <functional>
#include <memory>

#include "s4l/core/device/runtime.h"
#include "s4l/methods/method.h"

namespace s4l::methods {

/// A training step that a device has recorded and does again with other pictures: one launch instead of hundreds.
class CapturedStep {
 public:
  using Work = std::function<void(const data::Batch& batch, Metrics& metrics)>;

  /// Does `work` for the batch: twice as it stands, which makes what later steps find ready, then while recording it,
  /// and from then on by replaying what was recorded. `work` reads no number on the host that changes from step to
  /// step. Every batch has the shapes of the first.
  void run(const data::Batch& batch, const Work& work, Metrics& metrics);

 private:
  data::Batch batch_;  // where the recorded work reads
  Metrics metrics_;    // and where it leaves its numbers
  int warmed_up_ = 0;
  std::unique_ptr<Graph> graph_;
};

}  // namespace s4l::methods
