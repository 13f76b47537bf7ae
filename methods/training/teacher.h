#pragma once
#include <string>
#include <utility>
#include <vector>

#include "s4l/core/ops/update.h"
#include "s4l/nn/walk.h"

namespace s4l::methods {

/// A second set of a network's weights, which follows the first: the teacher of Tarvainen and Valpola (2017). It counts
/// the updates on the device; weights and count are buffers of the method that owns it.
class Teacher {
 public:
  /// Starts with the weights of `student`, which outlives it.
  Teacher(nn::Classifier& student, const AverageDecay& decay);

  /// Logits of the rows x (N, H, W, 3) with the teacher's weights and the statistics of these rows; not recorded.
  Tensor logits(const Tensor& x);
  /// To be called after each update of the student, whose weights an optimizer keeps in one row: one kernel averages
  /// them, and the update is counted.
  void follow();
  /// Updates so far: one f32 on the device.
  const Tensor& updates() const { return updates_; }
  void visit(nn::Visitor& visitor);

 private:
  void exchange();  // the student's weights and the teacher's; twice restores
  void lay_out(const std::vector<nn::NamedParameter>& students, const Tensor& whole);

  nn::Classifier& student_;
  AverageDecay decay_;
  std::vector<std::pair<std::string, Tensor>> weights_;
  Tensor row_;                   // all weights, from the first update on; what lies between them is of no use
  std::vector<Tensor> rounded_;  // what the student's are while they are exchanged; the teacher has none
  Tensor updates_, one_;
};

}  // namespace s4l::methods
