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
  DType rounded = DType::f32;  ///< bf16 or f16: each parameter has a copy in it, written with the step
  bool scale_loss = false;     ///< for f16: gradients that are too small for it are kept from vanishing
};

/// SGD with momentum (spec 2.0.1) on flat buffers: on construction the parameters' values move into one dense row,
/// those with decay first, and their gradients into another, so that a step is one kernel. Where the loss is scaled, a
/// step whose gradient is not finite changes nothing but the scale (core/ops/loss_scale.h).
class Sgd {
 public:
  Sgd(std::vector<NamedParameter> parameters, SgdOptions options);

  /// Fills the gradients' row; backward() then writes each parameter's first gradient there.
  void zero_grad();
  /// What to call backward() on: the loss, times the scale where there is one.
  Tensor scaled(const Tensor& loss) const;
  /// The scale: one f32 on the device; empty where there is none.
  Tensor loss_scale() const;
  /// One update with the learning rate in `lr` (one f32 on the parameters' device).
  void step(const Tensor& lr);
  /// Renews the rounded copies after the weights were written by somebody else.
  void round_weights();
  /// Says that the weights changed where a replayed step() did it.
  void bump_version() const { weight_.bump_version(); }
  /// False until there is an average to evaluate.
  bool averages() const { return static_cast<bool>(average_); }
  /// Exchanges parameters and averages; twice restores. Evaluation swaps around its work.
  void swap_average();

  const Tensor& gradient() const { return gradient_; }
  std::int64_t size() const;
  /// Momentum and average by parameter name, views into the rows, and the loss's scale: for the checkpoint.
  std::vector<std::pair<std::string, Tensor>> state() const;

 private:
  std::vector<NamedParameter> parameters_;
  SgdOptions options_;
  std::int64_t decayed_ = 0;
  Tensor weight_, gradient_, velocity_, average_;
  Tensor rounded_;     // the weights in 16 bits, or empty
  Tensor loss_scale_;  // its state, or empty
};

}  // namespace s4l::nn
