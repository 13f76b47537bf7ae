#include "small_training.h"

#include <numeric>

#include "s4l/nn/models/mixed_precision.h"
#include "s4l/nn/models/model.h"
#include "s4l/nn/walk.h"

namespace s4l::test {

using namespace methods;

std::vector<NamedTraining> all_trainings() {
  std::vector<NamedTraining> all;
  for (const MethodEntry& entry : methods::methods()) {
    if (entry.stages.empty()) all.push_back({entry.name, entry.name});
    for (int i = 0; i < static_cast<int>(entry.stages.size()); ++i) {
      const std::string stage = std::to_string(i + 1) + "-" + entry.stages[static_cast<std::size_t>(i)].name;
      all.push_back({std::string(entry.name) + "-" + stage, entry.name, i + 1});
    }
  }
  return all;
}

SmallTraining::SmallTraining(const std::string& name, Device device, const SmallTrainingOptions& how) {
  for (auto& item : dataset.items) item.size = {8, 8};
  for (std::int64_t i = 0; i < dataset.size(); ++i) (i % 2 == 0 ? split.labelled : split.unlabelled).push_back(i);
  model = nn::make_model(how.model, {.classes = 3, .width = 0.125});
  nn::move_to(*model, device);
  const bool rounds = how.computed_in != DType::f32;
  if (rounds) mixed = std::make_unique<nn::MixedPrecision>(*model, how.computed_in);
  nn::Classifier& learner = rounds ? *mixed : *model;
  MethodOptions options;
  options.classes = 3;
  options.feature_size = model->feature_size();
  options.model = &learner;
  options.computed_in = how.computed_in;
  options.pictures = dataset.size();
  options.unlabelled = static_cast<std::int64_t>(split.unlabelled.size());
  options.stage = how.stage;
  if (name.starts_with("vat") ||
      name == "moam")  // by default two instruction sets of the CPU differ more than is allowed here
    options.values = {{"vat-eps", 0.5}, {"vat-xi", 1}};
  if (name.starts_with("exemplar")) options.values = {{"triplet-embed-dim", 16}};
  method = make_method(name, options);

  std::string augment = how.augment;
  if (augment.empty())
    augment = name.starts_with("exemplar") ? "crop_inception_patches(4, 8)|-1_to_1" : "flip_lr|-1_to_1";
  const Views views = method->views();
  TrainOptions train;
  data::LoaderOptions batches;
  batches.labelled = {6, {with_view(augment, views.labelled)}};
  train.labelled_tail = data::Pipeline(batches.labelled.pipelines[0]).tail();
  if (!views.unlabelled.empty()) batches.unlabelled.batch_size = 6;
  for (const std::string& view : views.unlabelled) {
    batches.unlabelled.pipelines.push_back(with_view(augment, view));
    train.unlabelled_tails.push_back(data::Pipeline(batches.unlabelled.pipelines.back()).tail());
  }
  batches.class_weights = how.class_weights;
  batches.device = train.device = device;
  train.capture = how.capture;
  train.lr.base = 0.02;
  train.sgd = {.weight_decay = 1e-4, .ema_decay = 0.99};
  if (rounds) train.sgd.rounded = how.computed_in;
  train.sgd.scale_loss = how.computed_in == DType::f16;
  const auto entry = find_method(name);
  if (!entry.stages.empty() && entry.stages[static_cast<std::size_t>(how.stage - 1)].guesses) {
    split.labelled.resize(static_cast<std::size_t>(dataset.size()));  // every picture has a label, known or guessed
    std::iota(split.labelled.begin(), split.labelled.end(), 0);
  }
  loader = std::make_unique<data::Loader>(dataset, split, batches);
  trainer = std::make_unique<Trainer>(learner, *method, *loader, train);
}

std::vector<std::vector<double>> SmallTraining::train(int steps) {
  std::vector<std::vector<double>> all;
  for (int i = 0; i < steps; ++i) {
    trainer->step();
    all.emplace_back();
    for (const auto& [tag, value] : trainer->take_metrics()) all.back().push_back(value);
  }
  return all;
}

}  // namespace s4l::test
