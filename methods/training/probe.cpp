#include "s4l/methods/training/probe.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "s4l/core/autograd.h"
#include "s4l/core/ops/l2_normalize.h"
#include "s4l/core/ops/linear.h"
#include "s4l/core/ops/softmax_entropy.h"
#include "s4l/core/ops/view.h"
#include "s4l/data/loader.h"
#include "s4l/methods/training/eval_batches.h"
#include "s4l/nn/optim/lbfgs.h"
#include "s4l/nn/walk.h"

namespace s4l::methods {
namespace {

constexpr int kNeighbours = 20;
constexpr double kTemperature = 0.07;

/// Mean and inverse deviation of each column of x (n, F), the deviation times sqrt(F): rows get a length of about 1.
struct Standardization {
  std::vector<float> mean, scale;

  explicit Standardization(const Tensor& x) {
    const auto values = values_of<float>(x);
    const auto columns = static_cast<std::size_t>(x.shape()[1]), n = static_cast<std::size_t>(x.shape()[0]);
    for (std::size_t j = 0; j < columns; ++j) {
      double sum = 0, squares = 0;
      for (std::size_t i = 0; i < n; ++i) sum += static_cast<double>(values[i * columns + j]) / static_cast<double>(n);
      for (std::size_t i = 0; i < n; ++i)
        squares += std::pow(static_cast<double>(values[i * columns + j]) - sum, 2) / static_cast<double>(n);
      mean.push_back(static_cast<float>(sum));
      scale.push_back(static_cast<float>(1 / std::sqrt((squares + 1e-6) * static_cast<double>(columns))));
    }
  }
  Tensor applied(const Tensor& x) const {
    auto values = values_of<float>(x);
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = (values[i] - mean[i % mean.size()]) * scale[i % mean.size()];
    return from_values(values, x.shape(), x.device());
  }
};

/// The mean cross entropy of a head, written as its weight (K, F) and then its bias (K).
nn::Objective logistic_regression(const Tensor& x, const Tensor& labels, std::int64_t classes) {
  return [x, labels, classes](const std::vector<double>& head, std::vector<double>& gradient) {
    const std::vector<float> numbers(head.begin(), head.end());
    const auto bias_at = numbers.end() - classes;
    std::array of = {from_values(std::vector<float>(numbers.begin(), bias_at), {classes, x.shape()[1]}, x.device()),
                     from_values(std::vector<float>(bias_at, numbers.end()), {classes}, x.device())};
    for (Tensor& tensor : of) tensor.set_requires_grad(true);
    const Tensor loss = cross_entropy(linear(x, of[0], of[1]), labels);
    auto to = gradient.begin();
    for (const Tensor& g : grad(loss, of)) {
      const auto values = values_of<float>(g);
      to = std::copy(values.begin(), values.end(), to);
    }
    return item(loss);
  };
}

nn::Parameter& parameter_of(nn::Classifier& model, const std::string& name) {
  for (const auto& [key, parameter] : nn::parameters_of(model))
    if (key == name) return *parameter;
  fail(ErrorKind::usage, "probe: expected a network with the parameter {}", name);
}

class Neighbours final : public nn::Classifier {
 public:
  Neighbours(nn::Classifier& model, const LabelledFeatures& examples, int classes)
      : model_(model),
        examples_(values_of<float>(l2_normalize(examples.features))),
        labels_(values_of<std::int32_t>(examples.labels)),
        classes_(static_cast<std::size_t>(classes)),
        k_(std::clamp<std::size_t>(labels_.size() / classes_, 1, kNeighbours)) {}

  Tensor features(const Tensor& x, nn::Mode mode) override { return model_.features(x, mode); }
  std::int64_t feature_size() const override { return model_.feature_size(); }
  void visit(nn::Visitor& visitor) override { model_.visit(visitor); }

  Tensor logits(const Tensor& features) override {
    const auto rows = values_of<float>(l2_normalize(features));
    const auto n = static_cast<std::size_t>(features.shape()[0]);
    std::vector<float> logits;
    for (std::size_t i = 0; i < n; ++i) vote(rows.data() + i * rows.size() / n, rows.size() / n, logits);
    return from_values(logits, {features.shape()[0], static_cast<std::int64_t>(classes_)});
  }

 private:
  void vote(const float* row, std::size_t size, std::vector<float>& logits) const {
    std::vector<std::pair<double, std::int32_t>> nearest;
    for (std::size_t e = 0; e < labels_.size(); ++e)
      nearest.emplace_back(std::inner_product(row, row + size, examples_.data() + e * size, 0.0), labels_[e]);
    std::partial_sort(nearest.begin(), nearest.begin() + static_cast<std::ptrdiff_t>(k_), nearest.end(),
                      [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<double> votes(classes_, 1e-12);  // a class without a vote has a small logit, not an infinite one
    for (std::size_t i = 0; i < k_; ++i)
      votes[static_cast<std::size_t>(nearest[i].second)] += std::exp((nearest[i].first - 1) / kTemperature);
    for (const double share : votes) logits.push_back(static_cast<float>(std::log(share)));
  }

  nn::Classifier& model_;
  std::vector<float> examples_;
  std::vector<std::int32_t> labels_;
  std::size_t classes_, k_;
};

}  // namespace

LabelledFeatures features_of(nn::Classifier& model, const data::Dataset& dataset,
                             const std::vector<std::int64_t>& indices, const data::Pipeline& pipeline,
                             std::int64_t batch, Device device) {
  const NoGrad no_grad;
  std::vector<Tensor> features;
  std::vector<std::int32_t> labels;
  const auto count = static_cast<std::int64_t>(indices.size());
  for_eval_batches(count, batch, [&](std::int64_t begin, std::int64_t end) {
    const data::EvalBatch rows = data::eval_batch(dataset, indices, begin, end, pipeline, device);
    features.push_back(model.features(rows.pictures.rows(pipeline.tail()), nn::Mode::eval));
    for (const std::int32_t label : values_of<std::int32_t>(rows.labels)) labels.push_back(label);
  });
  return {concat(features), from_values(labels, {count}, device)};
}

void fit_linear_head(nn::Classifier& model, const LabelledFeatures& examples) {
  nn::Parameter &weight = parameter_of(model, "head.fc.weight"), &bias = parameter_of(model, "head.fc.bias");
  const Standardization standard(examples.features);
  const std::int64_t classes = bias.value.numel();
  const std::vector<double> head =
      nn::lbfgs(logistic_regression(standard.applied(examples.features), examples.labels, classes),
                std::vector<double>(static_cast<std::size_t>(weight.value.numel() + classes)));
  // w (f - mean) scale + b = (w scale) f + (b - w scale mean)
  std::vector<float> w(head.begin(), head.end() - classes), b(head.end() - classes, head.end());
  for (std::size_t i = 0; i < w.size(); ++i) {
    const std::size_t column = i % standard.mean.size();
    w[i] *= standard.scale[column];
    b[i / standard.mean.size()] -= w[i] * standard.mean[column];
  }
  copy_(weight.value, from_values(w, weight.value.shape()));
  copy_(bias.value, from_values(b, bias.value.shape()));
  weight.value.bump_version();
  bias.value.bump_version();
}

std::unique_ptr<nn::Classifier> nearest_neighbours(nn::Classifier& model, const LabelledFeatures& examples,
                                                   int classes) {
  return std::make_unique<Neighbours>(model, examples, classes);
}

}  // namespace s4l::methods
