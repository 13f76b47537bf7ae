#include "s4l/methods/training/run.h"

#include <algorithm>
#include <chrono>

#include "s4l/core/device/runtime.h"
#include "s4l/methods/training/guesses.h"
#include "s4l/methods/training/session.h"

namespace s4l::methods {

struct Run::Impl {
  RunOptions options;
  Start start;
  std::unique_ptr<data::Dataset> dataset;
  data::Split split;
  std::string csv, hash;
  Training training;
};

Run::Run(const RunOptions& options, Start start) : impl_(std::make_unique<Impl>()) {
  Impl& run = *impl_;
  run.options = options;
  fill_in_network(run.options);
  run.dataset = open_data(run.options);
  run.split = split_data(run.options, *run.dataset);
  run.csv = data::split_csv(*run.dataset, run.split);
  run.hash = data::split_hash(run.csv);
  run.start = start;
  if (start == Start::given)
    take_guesses(run.options, run.dataset, run.split);
  else
    assume_guesses(run.options, run.dataset, run.split);
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
  plan.validations = (o.steps + o.eval_interval - 1) / o.eval_interval;
  if (run.start == Start::assumed && stage_of(o).guesses)
    plan.guessed = plan.unlabelled * data::Pipeline(guess_pipeline(o.img_size)).views();
  plan.pretrained = run.training.pretrained;
  const Views views = run.training.method->views();
  const auto rows = [&](const std::string& view) { return data::Pipeline(with_view(o.augment, view)).views(); };
  plan.rows_per_step = o.batch_size * rows(views.labelled);
  for (const std::string& view : views.unlabelled) plan.rows_per_step += unlabelled_batch(o) * rows(view);
  return plan;
}

void Run::measure(Plan& plan) const {
  // So many pixels tell what a row costs; a step of the largest recipes would not fit beside the run.
  constexpr std::int64_t kPixels = 16 * 224 * 224;
  const Impl& run = *impl_;
  RunOptions small = run.options;
  const std::int64_t pixels = plan.rows_per_step * small.img_size * small.img_size;
  if (pixels > kPixels) {
    small.batch_size = std::max<std::int64_t>(1, small.batch_size * kPixels / pixels);
    small.virtual_replicas = 1;
  }
  const double scale = static_cast<double>(run.options.batch_size) / static_cast<double>(small.batch_size);
  const Training trial = make_training(small, *run.dataset, run.split);
  trial.trainer->step();  // the first one also allocates
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 2; ++i) trial.trainer->step();
  trial.trainer->take_metrics();  // waits for the device
  const auto stepped = std::chrono::steady_clock::now();
  plan.seconds_per_step = std::chrono::duration<double>(stepped - start).count() / 2 * scale;
  std::vector<std::int64_t> some = run.split.unlabelled;
  some.resize(std::min<std::size_t>(some.size(), 64));
  const RunOptions& o = run.options;
  const data::Pipeline pipeline(with_view(o.preprocess_eval, trial.method->eval_views()));
  evaluate(*trial.model, *run.dataset, some, pipeline, o.eval_batch, device_from(o.device));
  const auto evaluated = std::chrono::steady_clock::now();
  plan.seconds_per_picture =
      std::chrono::duration<double>(evaluated - stepped).count() / static_cast<double>(some.size());
  plan.seconds_per_view = plan.seconds_per_picture / pipeline.views();
  const double peak = static_cast<double>(runtime(device_from(run.options.device)).memory_use().peak);
  const double state = 3 * static_cast<double>(sizeof(float)) * static_cast<double>(plan.parameters);
  plan.peak_bytes = scale * peak - (scale - 1) * std::min(peak, state);  // the rest is the batch's
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
