#include "s4l/nn/optim/sgd.h"

#include <algorithm>

#include "s4l/core/autograd.h"
#include "s4l/core/device/runtime.h"
#include "s4l/core/ops/add.h"
#include "s4l/core/ops/cast.h"
#include "s4l/core/ops/loss_scale.h"
#include "s4l/core/ops/update.h"
#include "s4l/core/ops/view.h"

namespace s4l::nn {
namespace {

constexpr float kFirstLossScale = 65536;  // large at first: a step that is skipped costs less than a gradient lost

/// Calls `body(parameter, begin)` with the place of each in the rows.
template <class Body>
void for_each_place(const std::vector<NamedParameter>& parameters, const Body& body) {
  std::int64_t begin = 0;
  for (const NamedParameter& named : parameters) {
    body(named, begin);
    begin += named.parameter->value.numel();
  }
}

Tensor part(const Tensor& row, std::int64_t begin, const Shape& shape) {
  return reshape(rows(row, begin, begin + shape.numel()), shape);
}

}  // namespace

Sgd::Sgd(std::vector<NamedParameter> parameters, SgdOptions options)
    : parameters_(std::move(parameters)), options_(options) {
  check(!parameters_.empty(), "sgd: expected at least one parameter, got none");
  std::stable_partition(parameters_.begin(), parameters_.end(), [](const auto& p) { return p.parameter->decay; });
  std::int64_t total = 0;
  for (const auto& [name, parameter] : parameters_) {
    total += parameter->value.numel();
    if (parameter->decay) decayed_ = total;
  }
  const Tensor& first = parameters_[0].parameter->value;
  weight_ = empty({total}, first.dtype(), first.device());
  gradient_ = zeros_like(weight_);
  velocity_ = zeros_like(weight_);
  for_each_place(parameters_, [&](const NamedParameter& named, std::int64_t begin) {
    Tensor& value = named.parameter->value;
    Tensor moved = part(weight_, begin, value.shape());
    copy_(moved, value);
    moved.set_requires_grad(true).set_grad(part(gradient_, begin, value.shape()));
    value = moved;
  });
  if (options_.ema_decay > 0) {
    average_ = empty_like(weight_);
    copy_(average_, weight_);
  }
  if (options_.scale_loss) loss_scale_ = from_values(std::vector<float>{kFirstLossScale, 0, 1}, {3}, first.device());
  if (size_of(options_.rounded) != 2) return;
  rounded_ = empty({total}, options_.rounded, first.device());
  for_each_place(parameters_, [&](const NamedParameter& named, std::int64_t begin) {
    named.parameter->rounded = part(rounded_, begin, named.parameter->value.shape());
  });
  round_weights();
}

void Sgd::round_weights() {
  if (!rounded_) return;
  kernel::cast(weight_, rounded_);
  rounded_.bump_version();
}

Tensor Sgd::loss_scale() const { return loss_scale_ ? rows(loss_scale_, 0, 1) : Tensor(); }

Tensor Sgd::scaled(const Tensor& loss) const { return loss_scale_ ? scale_by(loss, loss_scale()) : loss; }

std::int64_t Sgd::size() const { return weight_.numel(); }

void Sgd::zero_grad() {  // fills: 0 times a gradient that is not finite would stay so
  const Device device = gradient_.device();
  runtime(device).fill(gradient_.raw(), 0, gradient_.bytes(), compute_stream(device));
  gradient_.bump_version();
  for (const auto& [name, parameter] : parameters_) expect_first_gradient(parameter->value);
}

void Sgd::step(const Tensor& lr) {
  if (loss_scale_) unscale_(gradient_, loss_scale_);
  if (options_.clip_grad > 0) clip_length_(gradient_, options_.clip_grad);
  const Tensor finite = loss_scale_ ? rows(loss_scale_, 2, 3) : Tensor();
  sgd_update_(weight_, gradient_, velocity_, {average_, rounded_}, lr, finite,
              {.momentum = options_.momentum,
               .weight_decay = options_.weight_decay,
               .decayed = decayed_,
               .nesterov = options_.nesterov,
               .ema_decay = options_.ema_decay});
}

void Sgd::swap_average() {
  check(averages(), "sgd: expected an average to swap with, got ema_decay 0");
  const Tensor kept = empty_like(weight_);
  copy_(kept, weight_);
  copy_(weight_, average_);
  copy_(average_, kept);
}

std::vector<std::pair<std::string, Tensor>> Sgd::state() const {
  std::vector<std::pair<std::string, Tensor>> state;
  const auto append = [&](const std::string& folder, const Tensor& row) {
    for_each_place(parameters_, [&](const NamedParameter& named, std::int64_t begin) {
      state.emplace_back(folder + "/" + named.name, part(row, begin, named.parameter->value.shape()));
    });
  };
  append("momentum", velocity_);
  if (averages()) append("average", average_);
  if (loss_scale_) state.emplace_back("loss_scale", loss_scale_);
  return state;
}

}  // namespace s4l::nn
