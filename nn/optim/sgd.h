#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "s4l/nn/walk.h"

namespace s4l::nn {

struct SgdOptions {
  double momentum = 0.9;
  double weight_decay = 0;
  bool nesterov = false;
  double ema_decay = 0;  ///< rho of Polyak averaging (spec 2.0.6); 0: none
  double clip_grad = 0;  ///< a longer gradient, of all parameters together and before decay, is cut to this length
};

/// SGD with momentum (spec 2.0.1) on flat buffers: on construction the parameters' values move into one dense row,
/// those with decay first, and their gradients into another, so that a step is one kernel.
class Sgd {
 public:
  Sgd(std::vector<NamedParameter> parameters, SgdOptions options);

  void zero_grad();
  /// One update with the learning rate in `lr` (one f32 on the parameters' device).
  void step(const Tensor& lr);
  /// Says that the weights changed where a replayed step() did it.
  void bump_version() const { weight_.bump_version(); }
  /// False until there is an average to evaluate.
  bool averages() const { return static_cast<bool>(average_); }
  /// Exchanges parameters and averages; twice restores. Evaluation swaps around its work.
  void swap_average();

  const Tensor& gradient() const { return gradient_; }
  std::int64_t size() const;
  /// Momentum and average by parameter name, for the checkpoint: views into the rows.
  std::vector<std::pair<std::string, Tensor>> state() const;

 private:
  void clip_gradient();

  std::vector<NamedParameter> parameters_;
  SgdOptions options_;
  std::int64_t decayed_ = 0;
  Tensor weight_, gradient_, velocity_, average_;
};

}  // namespace s4l::nn
