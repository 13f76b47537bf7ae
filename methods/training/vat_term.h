#pragma once
#include "s4l/core/ops/kl_divergence.h"
#include "s4l/core/ops/vat.h"
#include "s4l/methods/method.h"

namespace s4l::methods {

/// Virtual adversarial training's term (spec 2.6), shared by the methods that have it: how far the network's answer
/// moves when a picture moves by epsilon in the direction that moves it most.
class VatTerm {
 public:
  explicit VatTerm(const MethodOptions& options);

  /// L_vat = mean_i KL(softmax net(x_i + eps d_i) || softmax clean_i): `clean` are the clean pass's logits of the rows
  /// x. `clean_batch`: that pass saw exactly these rows, so that they are what net(x) would give again. Puts
  /// train/vat_loss, train/vat_radius (mean |eps d|) and, of another batch, train/vat_kl_floor (the divergence of
  /// net(x) itself).
  Tensor loss(Step& step, const Tensor& x, const Tensor& clean, bool clean_batch);
  /// The direction (N, H, W, 3), of any length: what the power iteration makes of a random one, the answers `reference`
  /// being those of net(x).
  Tensor direction(Step& step, const Tensor& x, const Tensor& reference);

 private:
  VatStepOptions moved_by(const Step& step, double radius) const;
  Tensor bound(const Step& step, const Tensor& x) const;

  bool scaled_;
  KlOrder order_;
  double eps_, xi_;  // xi 0: chosen when the first pictures show their size
  int iterations_;
  bool bounded_;
  DType computed_in_;
};

/// The options of a method with such a term, `eps` being the method's default radius, followed by its own.
std::vector<MethodOption> with_vat_options(double eps, double weight, std::vector<MethodOption> own);

}  // namespace s4l::methods
