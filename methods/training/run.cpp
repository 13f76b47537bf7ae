#include "s4l/methods/training/run.h"

#include <chrono>

#include "s4l/core/device/runtime.h"
#include "s4l/methods/training/session.h"

namespace s4l::methods {

struct Run::Impl {
  RunOptions options;
  std::unique_ptr<data::Dataset> dataset;
  data::Split split;
  std::string csv, hash;
  Training training;
};

Run::Run(const RunOptions& options) : impl_(std::make_unique<Impl>()) {
  Impl& run = *impl_;
  run.options = options;
  fill_in_network(run.options);
  run.dataset = open_data(run.options);
  run.split = split_data(run.options, *run.dataset);
  run.csv = data::split_csv(*run.dataset, run.split);
  run.hash = data::split_hash(run.csv);
  take_guesses(run.options, run.dataset, run.split);
  fill_in_from(*run.dataset, run.split, run.options);
  run.training = make_training(run.options, *run.dataset, run.split);
}
Run::~Run() = default;

const RunOptions& Run::options() const { return impl_->options; }
const data::Dataset& Run::dataset() const { return *impl_->dataset; }
const data::Split& Run::split() const { return impl_->split; }
const std::string& Run::split_csv() const { return impl_->csv; }
const std::string& Run::split_hash() const { return impl_->hash; }
nn::Classifier& Run::model() { return *impl_->training.model; }
std::int64_t Run::parameter_count() const { return impl_->training.trainer->parameter_count(); }

Plan Run::plan() const {
  const Impl& run = *impl_;
  const RunOptions& o = run.options;
  Plan plan;
  plan.labelled = static_cast<std::int64_t>(run.split.labelled.size());
  plan.unlabelled = static_cast<std::int64_t>(run.split.unlabelled.size());
  plan.val = static_cast<std::int64_t>(run.split.val.size());
  plan.test = static_cast<std::int64_t>(run.split.test.size());
  plan.damaged = static_cast<std::int64_t>(run.dataset->damaged().size());
  plan.labelled_per_class.assign(static_cast<std::size_t>(run.dataset->classes()), 0);
  for (std::int64_t index : run.split.labelled)
    ++plan.labelled_per_class[static_cast<std::size_t>(run.dataset->label(index))];
  plan.parameters = parameter_count();
  plan.steps = o.steps;
  plan.pretrained = run.training.pretrained;
  const Views views = run.training.method->views();
  const auto rows = [&](const std::string& view) { return data::Pipeline(with_view(o.augment, view)).views(); };
  plan.rows_per_step = o.batch_size * rows(views.labelled);
  for (const std::string& view : views.unlabelled) plan.rows_per_step += unlabelled_batch(o) * rows(view);
  return plan;
}

void Run::measure(Plan& plan) const {
  const Impl& run = *impl_;
  const Training trial = make_training(run.options, *run.dataset, run.split);
  trial.trainer->step();  // the first one also allocates
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 2; ++i) trial.trainer->step();
  plan.seconds_per_step = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / 2;
  plan.peak_bytes = static_cast<double>(runtime(device_from(run.options.device)).memory_use().peak);
}

RunResult Run::train(const std::string& folder, bool resume, const RunCallbacks& callbacks) {
  Impl& run = *impl_;
  Session session({run.options, *run.dataset, run.split, run.csv, run.hash, run.training}, folder, callbacks);
  if (resume)
    session.resume();
  else
    session.start();
  return session.run();
}

}  // namespace s4l::methods
