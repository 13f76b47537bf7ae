#include "s4l/methods/training/trainer.h"

#include <cmath>
#include <map>

#include "s4l/core/autograd.h"
#include "s4l/core/checkpoint.h"
#include "s4l/core/ops/update.h"

namespace s4l::methods {
namespace {

/// A method's own heads and state as a module, so that one visit reaches everything that is trained and saved.
struct MethodState final : nn::Module {
  Method& method;
  explicit MethodState(Method& m) : method(m) {}
  Tensor forward(const Tensor& x, nn::Mode) override { return x; }
  void visit(nn::Visitor& visitor) override { method.visit(visitor); }
};

struct Whole final : nn::Module {
  nn::Classifier& model;
  MethodState method;
  Whole(nn::Classifier& network, Method& m) : model(network), method(m) {}
  Tensor forward(const Tensor& x, nn::Mode mode) override { return model.forward(x, mode); }
  void visit(nn::Visitor& visitor) override {
    model.visit(visitor);
    visitor.module("method", method);
  }
};

double mean_of(const Tensor& x) {
  double sum = 0;
  with_float(x.dtype(), [&]<class T>() {
    for (T value : values_of<T>(x)) sum += static_cast<double>(value);
  });
  return x.numel() == 0 ? 0 : sum / static_cast<double>(x.numel());
}

}  // namespace

Trainer::Trainer(nn::Classifier& model, Method& method, data::Loader& loader, TrainOptions options)
    : model_(model), method_(method), loader_(loader), options_(std::move(options)),
      whole_(std::make_unique<Whole>(model, method)) {
  optimizer_ = std::make_unique<nn::Sgd>(nn::parameters_of(*whole_), options_.sgd);
  nn::set_batch_norm_groups(*whole_, options_.virtual_replicas);
  lr_ = zeros({1}, DType::f32, optimizer_->gradient().device());
}

void Trainer::step() {
  const data::Batch batch = loader_.next();
  const Tensor x = batch.labelled.rows(options_.labelled_tail);
  std::vector<Tensor> unlabelled;
  for (std::size_t view = 0; view < batch.unlabelled.size(); ++view)
    unlabelled.push_back(batch.unlabelled[view].rows(options_.unlabelled_tails[view]));
  copy_(lr_, full({1}, lr()));
  Step step{model_,
            x,
            batch.labels,
            unlabelled,
            Rng(options_.seed, Purpose::method, static_cast<std::uint64_t>(step_)),
            options_.virtual_replicas,
            metrics_};

  optimizer_->zero_grad();
  const Tensor loss = method_.loss(step);
  metrics_.put("train/loss", loss);
  backward(loss);
  optimizer_->step(lr_);
  method_.after_update(step);
  ++step_;
}

std::vector<std::pair<std::string, double>> Trainer::take_metrics() {
  std::vector<std::pair<std::string, double>> means{{"train/loss", 0.0}};
  std::map<std::string, std::pair<double, int>> sums;
  for (const auto& [tag, value] : metrics_.values()) {
    auto& [sum, count] = sums[tag];
    const double mean = mean_of(value);
    if (tag == "train/loss" && !std::isfinite(mean))
      fail(ErrorKind::numeric,
           "train/loss: expected a finite number, got {} shortly before step {}; a lower --lr may help", mean, step_);
    sum += mean;
    ++count;
  }
  metrics_.clear();
  for (const auto& [tag, total] : sums) {
    const double mean = total.first / total.second;
    if (tag == "train/loss") means[0].second = mean;
    else means.emplace_back(tag, mean);
  }
  return means;
}

void Trainer::visit_state(std::vector<std::pair<std::string, Tensor>>& tensors) const {
  for (const auto& [name, parameter] : nn::parameters_of(*whole_)) tensors.emplace_back("weight/" + name, parameter->value);
  for (const auto& [name, value] : nn::buffers_of(*whole_)) tensors.emplace_back("buffer/" + name, *value);
  for (const auto& entry : optimizer_->state()) tensors.push_back(entry);
}

io::TensorFile Trainer::state() const {
  io::TensorFile file;
  visit_state(file.tensors);
  file.metadata["step"] = std::to_string(step_);
  return file;
}

void Trainer::restore(const io::TensorFile& file) {
  const auto step = file.metadata.find("step");
  check(step != file.metadata.end(), "checkpoint: expected the entry \"step\" in its metadata");
  std::vector<std::pair<std::string, Tensor>> tensors;
  visit_state(tensors);
  s4l::restore(file, tensors);
  step_ = std::stoll(step->second);
  loader_.seek(step_);
  metrics_.clear();
}

void Trainer::swap_average() {
  if (optimizer_->averages()) optimizer_->swap_average();
}

}  // namespace s4l::methods
