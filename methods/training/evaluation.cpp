#include "s4l/methods/training/evaluation.h"

#include <algorithm>
#include <cmath>

#include "s4l/core/autograd.h"
#include "s4l/data/loader.h"
#include "s4l/methods/training/eval_batches.h"

namespace s4l::methods {
namespace {

/// Counts one row of logits against its label; returns the predicted class.
class Counter {
 public:
  explicit Counter(std::int64_t classes) : k_(classes) {}

  std::int64_t add(const float* z, std::int64_t label, double& confidence) {
    const float* best = std::max_element(z, z + k_);
    const bool finite = std::all_of(z, z + k_, [](float value) { return std::isfinite(value); });
    const bool says_something = k_ == 1 || std::any_of(z, z + k_, [&](float value) { return value != z[0]; });
    double sum = 0;
    for (std::int64_t k = 0; k < k_; ++k) sum += std::exp(static_cast<double>(z[k]) - static_cast<double>(*best));
    confidence = finite ? 1 / sum : 0;
    if (label >= 0) {
      const auto larger = std::count_if(z, z + k_, [&](float value) { return value > z[label]; });
      ++score_.n;
      score_.top1 += finite && says_something && larger < 1;
      score_.top5 += finite && says_something && larger < 5;
      score_.loss += std::log(sum) - static_cast<double>(z[label] - *best);
    }
    return best - z;
  }

  Score score() const {
    Score mean = score_;
    if (mean.n > 0) mean.loss /= static_cast<double>(mean.n);
    return mean;
  }

 private:
  std::int64_t k_;
  Score score_;
};

}  // namespace

Interval wilson(std::int64_t hits, std::int64_t n) {
  if (n == 0) return {};
  const double z = 1.959963984540054, count = static_cast<double>(n), p = static_cast<double>(hits) / count;
  const double centre = (p + z * z / (2 * count)) / (1 + z * z / count);
  const double half = z / (1 + z * z / count) * std::sqrt(p * (1 - p) / count + z * z / (4 * count * count));
  return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

std::vector<Prediction> Evaluation::errors() const {
  std::vector<Prediction> wrong;
  for (const Prediction& p : predictions)
    if (p.label >= 0 && p.label != p.predicted) wrong.push_back(p);
  std::stable_sort(wrong.begin(), wrong.end(),
                   [](const Prediction& a, const Prediction& b) { return a.confidence > b.confidence; });
  return wrong;
}

std::vector<ClassFigures> Evaluation::per_class() const {
  std::vector<ClassFigures> figures(static_cast<std::size_t>(classes));
  const auto cell = [&](std::int64_t label, std::int64_t predicted) {
    return static_cast<double>(confusion[static_cast<std::size_t>(label * classes + predicted)]);
  };
  for (std::int64_t c = 0; c < classes; ++c) {
    double support = 0, guessed = 0;
    for (std::int64_t k = 0; k < classes; ++k) {
      support += cell(c, k);
      guessed += cell(k, c);
    }
    ClassFigures& f = figures[static_cast<std::size_t>(c)];
    f.support = static_cast<std::int64_t>(support);
    f.recall = support > 0 ? cell(c, c) / support : 0;
    f.precision = guessed > 0 ? cell(c, c) / guessed : 0;
    f.f1 = f.recall + f.precision > 0 ? 2 * f.recall * f.precision / (f.recall + f.precision) : 0;
  }
  return figures;
}

ClassFigures Evaluation::macro_mean() const {
  ClassFigures mean;
  std::int64_t present = 0;
  for (const ClassFigures& f : per_class()) {
    if (f.support == 0) continue;
    ++present;
    mean.support += f.support;
    mean.precision += f.precision;
    mean.recall += f.recall;
    mean.f1 += f.f1;
  }
  const auto n = static_cast<double>(std::max<std::int64_t>(1, present));
  return {mean.support, mean.precision / n, mean.recall / n, mean.f1 / n};
}

std::vector<CalibrationBin> Evaluation::calibration() const {
  constexpr int kBins = 10;
  std::vector<CalibrationBin> bins(kBins);
  for (int i = 0; i < kBins; ++i) bins[static_cast<std::size_t>(i)].low = static_cast<double>(i) / kBins;
  for (const Prediction& p : predictions) {
    if (p.label < 0) continue;
    CalibrationBin& bin = bins[static_cast<std::size_t>(std::min(kBins - 1, static_cast<int>(p.confidence * kBins)))];
    ++bin.n;
    bin.confidence += p.confidence;
    bin.accuracy += p.label == p.predicted ? 1 : 0;
  }
  for (CalibrationBin& bin : bins) {
    bin.confidence /= static_cast<double>(std::max<std::int64_t>(1, bin.n));
    bin.accuracy /= static_cast<double>(std::max<std::int64_t>(1, bin.n));
  }
  return bins;
}

double Evaluation::calibration_error() const {
  double sum = 0;
  std::int64_t n = 0;
  for (const CalibrationBin& bin : calibration()) {
    sum += static_cast<double>(bin.n) * std::abs(bin.accuracy - bin.confidence);
    n += bin.n;
  }
  return n == 0 ? 0 : sum / static_cast<double>(n);
}

Evaluation evaluate(nn::Classifier& model, const data::Dataset& dataset, const std::vector<std::int64_t>& indices,
                    const data::Pipeline& pipeline, std::int64_t batch, Device device) {
  const NoGrad no_grad;
  const std::int64_t classes = dataset.classes();
  const int views = pipeline.views();
  Counter upright(classes), averaged(classes);
  Evaluation result;
  result.classes = classes;
  result.confusion.assign(static_cast<std::size_t>(classes * classes), 0);
  std::vector<float> mean(static_cast<std::size_t>(classes));
  for_eval_batches(static_cast<std::int64_t>(indices.size()), batch, [&](std::int64_t begin, std::int64_t end) {
    const data::EvalBatch rows = data::eval_batch(dataset, indices, begin, end, pipeline, device);
    const Tensor logits = model.forward(rows.pictures.rows(pipeline.tail()), nn::Mode::eval);
    check(logits.shape().last() == classes, "evaluate: expected a model for the {} classes of the data, got one for {}",
          classes, logits.shape().last());
    const auto z = values_of<float>(logits);
    const auto labels = values_of<std::int32_t>(rows.labels);
    result.damaged.insert(result.damaged.end(), rows.damaged.begin(), rows.damaged.end());
    for (std::int64_t i = 0; i < end - begin; ++i) {
      const float* first = z.data() + i * views * classes;
      Prediction prediction{indices[static_cast<std::size_t>(begin + i)], labels[static_cast<std::size_t>(i)], 0, 0};
      prediction.predicted = upright.add(first, prediction.label, prediction.confidence);
      if (prediction.label >= 0)
        ++result.confusion[static_cast<std::size_t>(prediction.label * classes + prediction.predicted)];
      result.predictions.push_back(prediction);
      if (views == 1) continue;
      for (std::int64_t k = 0; k < classes; ++k) {
        float sum = 0;
        for (int v = 0; v < views; ++v) sum += first[v * classes + k];
        mean[static_cast<std::size_t>(k)] = sum / static_cast<float>(views);
      }
      double ignored = 0;
      averaged.add(mean.data(), prediction.label, ignored);
    }
  });
  result.unrotated = upright.score();
  if (views > 1) result.rot_avg = averaged.score();
  return result;
}

}  // namespace s4l::methods
