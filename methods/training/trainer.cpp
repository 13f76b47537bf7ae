#include "s4l/methods/training/trainer.h"

#include <algorithm>
#include <cmath>

#include "s4l/core/autograd.h"
#include "s4l/core/checkpoint.h"
#include "s4l/core/device/choices.h"
#include "s4l/core/ops/add.h"
#include "s4l/core/ops/update.h"
#include "s4l/core/ops/view.h"
#include "s4l/methods/training/finite.h"
#include "s4l/methods/training/whole.h"

namespace s4l::methods {
namespace {

constexpr std::string_view kChoice = "choice:";  // of a device, in a checkpoint's metadata

double mean_of(const Tensor& x) {
  double sum = 0;
  with_float(x.dtype(), [&]<class T>() {
    for (T value : values_of<T>(x)) sum += static_cast<double>(value);
  });
  return x.numel() == 0 ? 0 : sum / static_cast<double>(x.numel());
}

data::Pictures first_rows(const data::Pictures& pictures, std::int64_t n) {
  const auto first = [n](const Tensor& t) { return t ? rows(t, 0, n) : t; };
  const PictureDraws& draws = pictures.draws;
  const Tensor& exact = pictures.exact;
  return {first(pictures.u8),
          {first(draws.flip), first(draws.noise), first(draws.range)},
          exact ? rows(exact, 0, n * exact.shape()[0] / pictures.count()) : exact};
}

/// The first n labelled pictures of a batch, and of the unlabelled in proportion, in multiples of `unit`.
data::Batch first_pictures(const data::Batch& batch, std::int64_t n, std::int64_t unit) {
  data::Batch part{first_rows(batch.labelled, n), rows(batch.labels, 0, n), {}, batch.index};
  for (const data::Pictures& view : batch.unlabelled) {
    const std::int64_t wanted = view.count() * n / batch.labels.shape()[0] / unit * unit;
    part.unlabelled.push_back(first_rows(view, std::max(unit, wanted)));
    part.index = rows(batch.index, 0, part.unlabelled.back().count());
  }
  return part;
}

}  // namespace

Trainer::Trainer(nn::Classifier& model, Method& method, data::Loader& loader, TrainOptions options)
    : model_(model),
      method_(method),
      loader_(loader),
      options_(std::move(options)),
      whole_(std::make_unique<Whole>(model, method)) {
  nn::move_to(*whole_, options_.device);
  optimizer_ = std::make_unique<nn::Sgd>(nn::parameters_of(*whole_), options_.sgd);
  nn::set_batch_norm_groups(*whole_, options_.virtual_replicas);
  if (options_.cross_replica_bn) nn::set_cross_replica_batch_norm(*whole_);
  nn::set_batch_norm_momentum(*whole_, options_.bn_momentum);
  lr_ = zeros({1}, DType::f32, optimizer_->gradient().device());
  random_ = zeros({6}, DType::i32, lr_.device());
}

void Trainer::step() {
  data::Batch batch;
  try {
    batch = loader_.next();
    take_step(batch);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::memory) throw;
    fail(ErrorKind::memory, "{}; {}", error.what(), batch_that_fits(batch));
  }
  ++step_;
}

std::string Trainer::batch_that_fits(const data::Batch& batch) {
  if (!batch.labels) return "a smaller --batch-size or --img-size needs less";  // before there was one to try
  const std::int64_t unit = options_.virtual_replicas;
  for (std::int64_t n = batch.labels.shape()[0] / 2; n >= unit; n /= 2) {
    try {
      compute(first_pictures(batch, n / unit * unit, unit), metrics_);
      return "--batch-size " + std::to_string(n / unit * unit) + " fits";
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::memory) throw;
      metrics_.clear();
    }
  }
  return "no smaller --batch-size fits";
}

void Trainer::take_step(const data::Batch& batch) {
  refresh_scalars();
  const auto work = [this](const data::Batch& given, Metrics& metrics) { compute(given, metrics); };
  if (options_.device == kCpu || !options_.capture) return work(batch, metrics_);
  captured_.run(batch, work, metrics_);
  optimizer_->bump_version();  // a replay changes the weights behind the host's back
}

/// What changes from step to step.
void Trainer::refresh_scalars() {
  copy_(lr_, full({1}, lr()));
  copy_(random_, from_values<std::int32_t>(rng().words(), {6}));
}

void Trainer::compute(const data::Batch& batch, Metrics& metrics) {
  const Tensor x = batch.labelled.rows(options_.labelled_tail);
  std::vector<Tensor> unlabelled;
  for (std::size_t view = 0; view < batch.unlabelled.size(); ++view)
    unlabelled.push_back(batch.unlabelled[view].rows(options_.unlabelled_tails[view]));
  Step step{model_, x, batch.labels, unlabelled, batch.index, rng(), options_.virtual_replicas, metrics, random_};

  optimizer_->zero_grad();
  const Tensor loss = method_.loss(step);
  if (loss.device() == kCpu && !std::isfinite(item(loss))) fail_not_finite(step);  // elsewhere sum_metrics() sees it
  metrics.put("train/loss", loss);
  if (const Tensor scale = optimizer_->loss_scale()) metrics.put("train/loss_scale", 1.0 * scale);  // a copy
  backward(optimizer_->scaled(loss));
  optimizer_->step(lr_);
  method_.after_update(step);
}

Rng Trainer::rng() const { return Rng(options_.seed, Purpose::method, static_cast<std::uint64_t>(step_)); }

/// Computes the loss once more to name the op that the first number that is not finite came from.
void Trainer::fail_not_finite(Step& step) {
  std::string first;
  const WatchOps watch([&](const char* op, const Tensor& y) {
    if (first.empty() && !std::isfinite(mean_of(y))) first = op;
  });
  const double loss = item(method_.loss(step));
  fail(ErrorKind::numeric,
       "step {}: train/loss: expected a finite number, got {}, first from {}; a lower --lr may help", step_ + 1, loss,
       first.empty() ? "a sum" : first);
}

void Trainer::sum_metrics() {
  for (const auto& [tag, value] : metrics_.values()) {
    const double mean = mean_of(value);
    if (tag == "train/loss" && !std::isfinite(mean))
      fail(ErrorKind::numeric,
           "train/loss: expected a finite number, got {} shortly before step {}; a lower --lr may help", mean, step_);
    auto& [sum, count] = sums_[tag];
    sum += mean;
    ++count;
  }
  metrics_.clear();
}

std::vector<std::pair<std::string, double>> Trainer::take_metrics() {
  sum_metrics();
  std::vector<std::pair<std::string, double>> means{{"train/loss", 0.0}};
  for (const auto& [tag, total] : sums_) {
    const double mean = total.first / static_cast<double>(total.second);
    if (tag == "train/loss")
      means[0].second = mean;
    else
      means.emplace_back(tag, mean);
  }
  sums_.clear();
  return means;
}

std::vector<std::pair<std::string, Tensor>> Trainer::tensors() const {
  std::vector<std::pair<std::string, Tensor>> all;
  for (const auto& [name, parameter] : nn::parameters_of(*whole_)) all.emplace_back("weight/" + name, parameter->value);
  for (const auto& [name, value] : nn::buffers_of(*whole_)) all.emplace_back("buffer/" + name, *value);
  for (const auto& entry : optimizer_->state()) all.push_back(entry);
  return all;
}

io::TensorFile Trainer::state() {
  sum_metrics();
  io::TensorFile file{tensors(), {{"step", std::to_string(step_)}}};
  check_finite(file.tensors, step_);  // the update after a finite loss may have made it so
  std::vector<double> sums;           // a resumed run logs the same means
  for (const auto& [tag, total] : sums_) {
    file.metadata["metric:" + std::to_string(sums.size() / 2)] = tag;
    sums.push_back(total.first);
    sums.push_back(static_cast<double>(total.second));
  }
  for (const auto& [problem, chosen] : choices()) file.metadata[std::string(kChoice) + problem] = chosen;
  file.tensors.emplace_back("metrics", from_values(sums, {static_cast<std::int64_t>(sums.size())}));
  return file;
}

void Trainer::restore(const io::TensorFile& file) {
  const auto step = file.metadata.find("step");
  const Tensor* sums = file.find("metrics");
  check(step != file.metadata.end() && sums != nullptr,
        "checkpoint: expected \"step\" in its metadata and the tensor "
        "\"metrics\"");
  s4l::restore(file, tensors());
  optimizer_->round_weights();
  Choices made;
  for (const auto& [key, value] : file.metadata)
    if (key.starts_with(kChoice)) made[key.substr(kChoice.size())] = value;
  take_over_choices(made);
  step_ = std::stoll(step->second);
  loader_.seek(step_);
  metrics_.clear();
  sums_.clear();
  const auto values = values_of<double>(*sums);
  for (std::size_t i = 0; 2 * i + 1 < values.size(); ++i)
    sums_[file.metadata.at("metric:" + std::to_string(i))] = {values[2 * i],
                                                              static_cast<std::int64_t>(values[2 * i + 1])};
}

void Trainer::swap_average() {
  if (optimizer_->averages()) optimizer_->swap_average();
}

}  // namespace s4l::methods
