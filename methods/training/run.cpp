#include "s4l/methods/training/run.h"

#include <chrono>
#include <optional>

#include "s4l/core/checkpoint.h"
#include "s4l/core/device/runtime.h"
#include "s4l/core/io/file.h"
#include "s4l/methods/training/metrics_log.h"
#include "s4l/methods/training/run_files.h"
#include "s4l/methods/training/run_setup.h"

namespace s4l::methods {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// The weights that did best on validation so far; part of the checkpoint, so that a resumed run knows them.
struct Best {
  std::int64_t step = -1, hits = -1;
  double loss = 0;
  io::TensorFile weights;
};

}  // namespace

struct Run::Impl {
  RunOptions options;
  std::unique_ptr<data::Dataset> dataset;
  data::Split split;
  std::string csv, hash;
  Training training;
  Best best;
  double seconds_before = 0;  // of training, in the parts before a resume
  Clock::time_point started;

  Evaluation evaluate_on(const std::vector<std::int64_t>& indices) {
    const std::string pipeline = with_view(options.preprocess_eval, training.method->eval_views());
    return evaluate(*training.model, *dataset, indices, data::Pipeline(pipeline), options.eval_batch,
                    device_from(options.device));
  }

  ModelCard card() const {
    return {options.model, options.width, options.img_size, dataset->class_names(), options.preprocess_eval,
            training.method->eval_views(), options.method, options.dataset, options.data, hash};
  }

  double seconds() const { return seconds_before + seconds_since(started); }

  io::TensorFile state() const {
    io::TensorFile file = training.trainer->state();
    file.metadata["seconds"] = to_text(seconds());
    file.metadata["split_hash"] = hash;
    file.metadata["best_step"] = std::to_string(best.step);
    file.metadata["best_hits"] = std::to_string(best.hits);
    file.metadata["best_loss"] = std::to_string(best.loss);
    for (const auto& [name, value] : best.weights.tensors) file.tensors.emplace_back("best/" + name, value);
    return file;
  }

  void restore(const io::TensorFile& file) {
    const auto entry = [&](const char* key) -> const std::string& {
      const auto found = file.metadata.find(key);
      check(found != file.metadata.end(), "checkpoint: expected the entry \"{}\" in its metadata", key);
      return found->second;
    };
    check(entry("split_hash") == hash, "resume: expected a checkpoint of split {}, got one of {}: other labels or data",
          hash.substr(0, 8), entry("split_hash").substr(0, 8));
    training.trainer->restore(file);
    seconds_before = std::stod(entry("seconds"));
    best.step = std::stoll(entry("best_step"));
    best.hits = std::stoll(entry("best_hits"));
    best.loss = std::stod(entry("best_loss"));
    if (best.step < 0) return;
    best.weights = weights_of(*training.model, card());
    std::vector<std::pair<std::string, Tensor>> tensors;
    for (const auto& [name, value] : best.weights.tensors) tensors.emplace_back("best/" + name, value);
    s4l::restore(file, tensors);
  }

  /// Validates with the averaged weights where there are any; keeps the best (ties: the lower loss).
  Evaluation validate(const std::string& folder) {
    training.trainer->swap_average();
    const Evaluation val = evaluate_on(split.val);
    const Score& score = val.unrotated;
    if (score.top1 > best.hits || (score.top1 == best.hits && score.loss < best.loss)) {
      best = {training.trainer->steps_done(), score.top1, score.loss, weights_of(*training.model, card())};
      if (!folder.empty()) io::save_tensors(folder + "/weights/best.safetensors", best.weights);
    }
    training.trainer->swap_average();
    return val;
  }

  /// The one reading of the test set, with the weights to report in the network.
  void finish(const std::string& folder, RunResult& result) {
    training.trainer->swap_average();
    const io::TensorFile last = weights_of(*training.model, card());
    if (!folder.empty()) io::save_tensors(folder + "/weights/last.safetensors", last);
    result.best_on_validation = best.step >= 0;
    result.reported_step = result.best_on_validation ? best.step : training.trainer->steps_done();
    if (result.best_on_validation) set_weights(*training.model, best.weights);
    result.test = evaluate_on(split.test);
    if (!folder.empty()) write_evaluation(folder, *dataset, result.test);
    if (result.best_on_validation) set_weights(*training.model, last);
    training.trainer->swap_average();
  }
};

Run::Run(const RunOptions& options) : impl_(std::make_unique<Impl>()) {
  Impl& run = *impl_;
  run.options = options;
  run.dataset = open_data(run.options);
  run.split = data::make_split(*run.dataset, split_options(run.options));
  run.csv = data::split_csv(*run.dataset, run.split);
  run.hash = data::split_hash(run.csv);
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

Plan Run::plan() {
  const Impl& run = *impl_;
  Plan plan;
  plan.labelled = static_cast<std::int64_t>(run.split.labelled.size());
  plan.unlabelled = static_cast<std::int64_t>(run.split.unlabelled.size());
  plan.val = static_cast<std::int64_t>(run.split.val.size());
  plan.test = static_cast<std::int64_t>(run.split.test.size());
  plan.damaged = static_cast<std::int64_t>(run.dataset->damaged().size());
  plan.labelled_per_class.assign(static_cast<std::size_t>(run.dataset->classes()), 0);
  for (std::int64_t index : run.split.labelled) ++plan.labelled_per_class[static_cast<std::size_t>(run.dataset->label(index))];
  plan.parameters = parameter_count();
  plan.steps = run.options.steps;
  const Views views = run.training.method->views();
  const auto rows = [&](const std::string& view) { return data::Pipeline(with_view(run.options.augment, view)).views(); };
  plan.rows_per_step = run.options.batch_size * rows(views.labelled);
  for (const std::string& view : views.unlabelled) plan.rows_per_step += unlabelled_batch(run.options) * rows(view);

  const Training trial = make_training(run.options, *run.dataset, run.split);
  trial.trainer->step();  // the first one also allocates
  const Clock::time_point start = Clock::now();
  for (int i = 0; i < 2; ++i) trial.trainer->step();
  plan.seconds_per_step = seconds_since(start) / 2;
  plan.peak_bytes = static_cast<double>(runtime(device_from(run.options.device)).memory_use().peak);
  return plan;
}

RunResult Run::train(const std::string& folder, bool resume, const RunCallbacks& callbacks) {
  Impl& run = *impl_;
  Trainer& trainer = *run.training.trainer;
  const RunOptions& options = run.options;
  const auto warn = [&](const std::string& text) { if (callbacks.on_warning) callbacks.on_warning(text); };
  MetricsLog log(folder);
  std::optional<CheckpointFolder> checkpoints;
  if (!folder.empty()) {
    for (const char* name : {"/checkpoints", "/weights", "/eval", "/samples"}) io::make_folder(folder + name);
    checkpoints.emplace(folder + "/checkpoints", options.keep_checkpoints);
  }
  if (resume) {
    std::vector<std::string> warnings;
    run.restore(checkpoints->load_newest(warnings));
    for (const std::string& text : warnings) warn(text);
    log.resume(trainer.steps_done());
  } else if (!folder.empty()) {
    io::save_atomically(folder + "/split.csv", run.csv);
    write_samples(folder, *run.dataset, run.split, options, run.training.method->views().labelled);
  }
  const auto save = [&] {
    if (!checkpoints) return;
    try {
      checkpoints->save(trainer.steps_done(), run.state());
      log.save();
    } catch (const Error& error) {  // the disk may have room again at the next one: go on
      if (error.kind() != ErrorKind::io) throw;
      warn(std::string("checkpoint not saved: ") + error.what());
    }
  };

  RunResult result;
  run.started = Clock::now();
  Clock::time_point logged = run.started;
  std::int64_t logged_step = trainer.steps_done();
  const std::int64_t rows = options.batch_size + (run.training.method->views().unlabelled.empty() ? 0 : unlabelled_batch(options));
  while (trainer.steps_done() < options.steps) {
    const double lr = trainer.lr();
    trainer.step();
    const std::int64_t step = trainer.steps_done();
    const bool last = step == options.steps;
    if (step % options.log_interval == 0 || last) {
      const double seconds = seconds_since(logged), steps = static_cast<double>(step - logged_step);
      LogRow row{step, options.steps, run.seconds(), trainer.take_metrics()};
      row.values.emplace_back("lr", lr);
      result.last_metrics = row.values;
      log.add(step, row.values);
      row.values.emplace_back("time/step_ms", 1000 * seconds / steps);
      row.values.emplace_back("perf/img_per_s", static_cast<double>(rows) * steps / seconds);
      if (callbacks.on_log) callbacks.on_log(row);
      logged = Clock::now();
      logged_step = step;
    }
    if (!run.split.val.empty() && (step % options.eval_interval == 0 || last)) {
      const Evaluation val = run.validate(folder);
      log.add(step, {{"val/top-1-acc", val.unrotated.accuracy()}, {"val/top-5-acc", val.unrotated.top5_accuracy()},
                     {"val/loss", val.unrotated.loss}});
      if (callbacks.on_validation) callbacks.on_validation(step, val);
    }
    result.stopped = !last && callbacks.should_stop && callbacks.should_stop();
    if (step % options.checkpoint_interval == 0 || last || result.stopped) save();
    if (result.stopped) break;
  }
  result.steps = trainer.steps_done();
  result.seconds = run.seconds();
  if (!result.stopped) run.finish(folder, result);
  log.save();
  return result;
}

}  // namespace s4l::methods
