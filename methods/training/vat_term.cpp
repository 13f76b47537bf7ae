#include "s4l/methods/training/vat_term.h"

#include <array>
#include <cmath>

#include "s4l/core/autograd.h"
#include "s4l/core/ops/add.h"
#include "s4l/core/ops/cast.h"
#include "s4l/core/ops/squared_error.h"
#include "s4l/core/ops/view.h"

namespace s4l::methods {
namespace {

constexpr auto kKeep = nn::Mode::train_keep_statistics;  // the batch's statistics; the running ones stay (spec 2.6.1)
constexpr double kScaledXi = 1e-2, kLiteralXi = 1e-6, kLiteralFloor = 1e-12;

/// A picture of so many values from -1 to 1 in 256 levels.
Tensor noise(std::int64_t numbers, Rng& rng) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < numbers; ++i) values.push_back(static_cast<float>(rng.next() % 256) / 127.5f - 1);
  return from_values(values, {1, numbers});
}

/// Pictures are rounded to 16 bits before the network reads them, and a short probe with them. The smallest of 1 and 10
/// of which what is left of it has the length within 5 %.
double probe_after_rounding(DType type, std::int64_t numbers) {
  Rng rng(0, Purpose::method);
  const Tensor x = noise(numbers, rng), random = from_values<std::int32_t>(rng.words(), {6});
  const Tensor probed = cast(cast(vat_start(x, 1, random), type), DType::f32), plain = cast(cast(x, type), DType::f32);
  const double length = std::sqrt(item(squared_error(probed, plain)) * static_cast<double>(numbers));
  return std::abs(length - 1) <= 0.05 ? 1 : 10;
}

}  // namespace

VatTerm::VatTerm(const MethodOptions& options)
    : scaled_(options.word("vat-direction") == "scaled"),
      order_(options.word("vat-kl") == "perturbed-first" ? KlOrder::perturbed_first : KlOrder::clean_first),
      eps_(options.value("vat-eps")),
      xi_(options.value("vat-xi")),
      iterations_(static_cast<int>(options.value("vat-iters"))),
      bounded_(options.on("vat-eps-bound")),
      computed_in_(options.computed_in) {
  if (xi_ == 0 && !scaled_) xi_ = kLiteralXi;
  if (xi_ == 0 && computed_in_ == DType::f32) xi_ = kScaledXi;
}

/// How a gradient moves the picture by `radius`. The released mean is over a replica's rows, ours over all: its
/// gradient is smaller by the number of replicas.
VatStepOptions VatTerm::moved_by(const Step& step, double radius) const {
  if (scaled_) return {.radius = radius, .factor = 1, .floor = 0};
  return {.radius = radius, .factor = static_cast<double>(step.virtual_replicas), .floor = kLiteralFloor};
}

/// The nearest other picture is that of the same virtual replica, as VAT's other lengths and means (spec 7): the batch
/// of the released program.
Tensor VatTerm::bound(const Step& step, const Tensor& x) const {
  if (!bounded_) return {};
  const std::int64_t own = x.shape()[0] / step.virtual_replicas;
  std::vector<Tensor> parts;
  for (int r = 0; r < step.virtual_replicas; ++r)
    parts.push_back(half_nearest_distance(rows(x, r * own, (r + 1) * own)));
  return concat(parts);
}

/// The last power step's gradient with respect to the picture alone: grad() computes none of the weights'.
Tensor VatTerm::direction(Step& step, const Tensor& x, const Tensor& reference) {
  if (xi_ == 0) xi_ = probe_after_rounding(computed_in_, x.numel() / x.shape()[0]);
  // In 16 bits the gradient of a mean could vanish. Its length means nothing to the sound direction.
  const bool enlarged = scaled_ && computed_in_ != DType::f32;
  const double factor = enlarged ? static_cast<double>(x.shape()[0]) / xi_ : 1;
  Tensor g;
  for (int i = 0; i < iterations_; ++i) {
    Tensor near = i == 0 ? vat_start(x, xi_, step.random) : vat_step(x, g, moved_by(step, xi_)).x;
    near.set_requires_grad(true);
    const Tensor kl = kl_divergence(step.model.forward(near, kKeep), reference, order_).loss;
    g = grad(enlarged ? factor * kl : kl, std::array{near})[0];
  }
  return g;
}

Tensor VatTerm::loss(Step& step, const Tensor& x, const Tensor& clean, bool clean_batch) {
  Tensor reference = clean.detach();
  if (scaled_ && !clean_batch) {
    const NoGrad no_grad;
    reference = step.model.forward(x, kKeep);
    step.metrics.put("train/vat_kl_floor", kl_divergence(reference, clean, order_).loss);
  }
  const Tensor g = direction(step, x, reference);
  const VatStep adversary = vat_step(x, g, moved_by(step, eps_), bound(step, x));
  const Tensor loss = kl_divergence(step.model.forward(adversary.x, kKeep), clean.detach(), order_).loss;
  step.metrics.put("train/vat_loss", loss);
  step.metrics.put("train/vat_radius", adversary.length);
  return loss;
}

std::vector<MethodOption> with_vat_options(double eps, double weight, std::vector<MethodOption> own) {
  std::vector<MethodOption> all = {
      {.name = "vat-weight", .value = weight, .help = "weight of VAT's divergence"},
      {.name = "vat-eps", .value = eps, .help = "length of the perturbation"},
      {.name = "vat-iters",
       .value = 1,
       .help = "steps of the power iteration",
       .aliases = {"vat-num-power-method-iters"},
       .low = 1,
       .high = 100,
       .whole = true},
      {.name = "vat-direction",
       .value = "scaled",
       .help = "how its direction is found: sound, or as released",
       .words = {"scaled", "literal"}},
      {.name = "vat-xi",
       .value = 0,
       .help = "length of the power iteration's probe; 0: 0.01, in 16 bits 1 or 10, literal 1e-6"},
      {.name = "vat-kl",
       .value = "perturbed-first",
       .help = "KL(perturbed || clean), or Miyato's KL(clean || perturbed)",
       .words = {"perturbed-first", "clean-first"}},
      on_off("vat-eps-bound", false,
             "no picture moves beyond half way to its nearest in its virtual replica (1 or 0)")};
  all.insert(all.end(), own.begin(), own.end());
  return all;
}

}  // namespace s4l::methods
