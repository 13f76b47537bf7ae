#include "s4l/methods/training/run.h"

#include <algorithm>
#include <chrono>
#include <optional>

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
  std::optional<Training> training;
};

namespace {

// So many pixels tell what a row costs; a step of the largest recipes would not fit.
constexpr std::int64_t kTrialPixels = 16 * 224 * 224;

double seconds_between(std::chrono::steady_clock::time_point start, std::chrono::steady_clock::time_point end) {
  return std::chrono::duration<double>(end - start).count();
}

/// What Run::measure() adds to a plan.
void measure_trial(const RunOptions& o, const data::Dataset& dataset, const data::Split& split, Plan& plan) {
  const Device device = device_from(o.device);
  const auto use = [&] { return runtime(device).memory_use(); };
  const std::size_t before = use().current;
  RunOptions small = o;
  const std::int64_t pixels = plan.rows_per_step() * o.img_size * o.img_size;
  if (pixels > kTrialPixels) {
    small.batch_size = std::max<std::int64_t>(1, o.batch_size * kTrialPixels / pixels);
    small.virtual_replicas = 1;
  }
  const double scale = static_cast<double>(o.batch_size) / static_cast<double>(small.batch_size);
  const Training trial = make_training(small, dataset, split);
  trial.trainer->step();                                          // the first one also allocates
  const auto kept = static_cast<double>(use().current - before);  // weights, gradients, averages
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 2; ++i) trial.trainer->step();
  trial.trainer->take_metrics();  // waits for the device
  const auto stepped = std::chrono::steady_clock::now();
  plan.seconds_per_step = seconds_between(start, stepped) / 2 * scale;
  plan.peak_bytes = kept + scale * (static_cast<double>(use().peak - before) - kept);

  const data::Pipeline pipeline(with_view(o.preprocess_eval, trial.method->eval_views()));
  const std::int64_t most = kTrialPixels / (pipeline.views() * o.img_size * o.img_size);
  std::vector<std::int64_t> some = split.unlabelled;
  some.resize(std::min(some.size(), static_cast<std::size_t>(std::clamp<std::int64_t>(most, 1, 64))));
  evaluate(*trial.model, dataset, some, pipeline, o.eval_batch, device);
  plan.seconds_per_picture =
      seconds_between(stepped, std::chrono::steady_clock::now()) / static_cast<double>(some.size());
  plan.seconds_per_view = plan.seconds_per_picture / pipeline.views();
}

}  // namespace

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
nn::Classifier& Run::model() { return *impl_->training->model; }
std::int64_t Run::parameter_count() const { return impl_->training->trainer->parameter_count(); }

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
  plan.pretrained = run.training->pretrained;
  const Views views = run.training->method->views();
  const auto rows = [&](const std::string& view) { return data::Pipeline(with_view(o.augment, view)).views(); };
  if (run.training->method->probe().empty()) plan.labelled_rows = o.batch_size * rows(views.labelled);
  for (const std::string& view : views.unlabelled) plan.unlabelled_rows += unlabelled_batch(o) * rows(view);
  if (!views.unlabelled.empty()) plan.unlabelled_pictures = unlabelled_batch(o);
  return plan;
}

void Run::measure(Plan& plan) {
  impl_->training.reset();  // two of the widest networks may not fit
  measure_trial(impl_->options, *impl_->dataset, impl_->split, plan);
  impl_->training = make_training(impl_->options, *impl_->dataset, impl_->split);
}

RunResult Run::train(const std::string& folder, bool resume, const RunCallbacks& callbacks) {
  Impl& run = *impl_;
  Session session({run.options, *run.dataset, run.split, run.csv, run.hash, *run.training}, folder, callbacks);
  if (resume)
    session.resume();
  else
    session.start();
  return session.run();
}

}  // namespace s4l::methods
