#include "s4l/methods/training/session.h"

#include <cmath>

#include "s4l/core/device/runtime.h"
#include "s4l/core/io/file.h"
#include "s4l/methods/report/report.h"
#include "s4l/methods/training/finite.h"
#include "s4l/methods/training/run_files.h"

namespace s4l::methods {
namespace {

double between(std::chrono::steady_clock::time_point from, std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

Session::Session(Subject subject, std::string folder, const RunCallbacks& callbacks)
    : s_(subject),
      trainer_(*subject.training.trainer),
      folder_(std::move(folder)),
      callbacks_(callbacks),
      log_(folder_),
      events_(folder_) {
  if (folder_.empty()) return;
  for (const char* name : {"/checkpoints", "/weights", "/eval", "/samples"}) io::make_folder(folder_ + name);
  checkpoints_.emplace(folder_ + "/checkpoints", s_.options.keep_checkpoints);
}

void Session::start() {
  if (folder_.empty()) return;
  io::save_atomically(folder_ + "/split.csv", s_.csv);
  write_samples(folder_, s_.dataset, s_.split, s_.options, s_.training.method->views().labelled);
}

void Session::resume() {
  check(checkpoints_.has_value(), "resume: expected a folder with checkpoints");
  std::vector<std::string> warnings;
  const io::TensorFile file = checkpoints_->load_newest(warnings);
  for (const std::string& text : warnings) warn(text);
  restore(file);
  log_.resume(trainer_.steps_done());
  events_.resume(trainer_.steps_done());
}

RunResult Session::run() {
  const RunOptions& o = s_.options;
  started_ = logged_ = Clock::now();
  logged_step_ = trainer_.steps_done();
  while (trainer_.steps_done() < o.steps && !result_.stopped && !out_of_patience()) {
    const double lr = trainer_.lr();
    trainer_.step();
    const std::int64_t step = trainer_.steps_done();
    bool last = step == o.steps;
    if (step % o.log_interval == 0 || last) log_means(lr);
    if (!s_.split.val.empty() && (step % o.eval_interval == 0 || last)) validate();
    last = last || out_of_patience();
    result_.stopped = !last && callbacks_.should_stop && callbacks_.should_stop();
    if (step % o.checkpoint_interval == 0 || last || result_.stopped) save();
  }
  result_.steps = trainer_.steps_done();
  result_.seconds = seconds();
  if (!result_.stopped) finish();
  log_.save();
  return result_;
}

void Session::log_means(double lr) {
  const std::int64_t step = trainer_.steps_done();
  const double time = between(logged_, Clock::now()), steps = static_cast<double>(step - logged_step_);
  LogRow row{step, s_.options.steps, seconds(), trainer_.take_metrics()};
  row.values.emplace_back("lr", lr);
  const auto pictures = static_cast<double>(pictures_per_step(s_.options, *s_.training.method));
  const double waited = s_.training.loader->waited();
  MetricsLog::Values timings = {{"time/step_ms", 1000 * time / steps},
                                {"time/data_ms", 1000 * (waited - logged_wait_) / steps},
                                {"perf/img_per_s", pictures * steps / time}};
  if (const Device device = device_from(s_.options.device); !(device == kCpu))
    timings.emplace_back("perf/gpu_mem_mb", static_cast<double>(runtime(device).memory_use().peak) / 1e6);
  log(step, row.values, timings);
  row.values.insert(row.values.end(), timings.begin(), timings.end());
  if (callbacks_.on_log) callbacks_.on_log(row);
  logged_ = Clock::now();
  logged_step_ = step;
  logged_wait_ = waited;
}

/// Scores the validation pictures with the averaged weights where there are any; keeps the best (ties: the lower loss).
void Session::validate() {
  trainer_.swap_average();
  fit_probe();
  const std::int64_t step = trainer_.steps_done();
  const Evaluation val = evaluate_on(s_.split.val);
  const Score& score = val.unrotated;
  if (score.top1 > best_.hits || (score.top1 == best_.hits && score.loss < best_.loss)) {
    best_ = {step, score.top1, score.loss, weights()};
    if (!folder_.empty())
      or_warn("best weights not saved",
              [&] { io::save_tensors(folder_ + "/weights/best.safetensors", best_.weights); });
  }
  trainer_.swap_average();
  if (best_.step == step && !folder_.empty())
    or_warn("best checkpoint not saved", [&] { io::save_tensors(folder_ + "/checkpoints/best.s4l", state()); });
  const ClassFigures mean = val.macro_mean();
  MetricsLog::Values values = {{"val/top-1-acc", score.accuracy()},
                               {"val/top-5-acc", score.top5_accuracy()},
                               {"val/loss", score.loss},
                               {"val/precision", mean.precision},
                               {"val/recall", mean.recall},
                               {"val/F1", mean.f1},
                               {"val/ece", val.calibration_error()}};
  if (s_.options.ema_decay > 0) values.emplace_back("ema/val/top-1-acc", score.accuracy());  // the averaged weights'
  log(step, values);
  if (callbacks_.on_validation) callbacks_.on_validation(step, val);
}

void Session::save() {
  if (!checkpoints_) return;
  or_warn("checkpoint not saved", [&] {
    checkpoints_->save(trainer_.steps_done(), state());
    log_.save();
  });
}

void Session::log(std::int64_t step, const MetricsLog::Values& values, const MetricsLog::Values& timings) {
  or_warn("metrics not logged, they come with the next checkpoint", [&] { log_.add(step, values); });
  MetricsLog::Values all = values;
  all.insert(all.end(), timings.begin(), timings.end());
  or_warn("TensorBoard events not logged, they come with the next", [&] { events_.add(step, all); });
}

/// True from the validation on that was the last of `patience` without a better one; after a resume, too.
bool Session::out_of_patience() const {
  const RunOptions& o = s_.options;
  return o.patience > 0 && best_.step >= 0 && trainer_.steps_done() - best_.step >= o.patience * o.eval_interval;
}

/// Training goes on when the disk is full: there may be room again at the next write. Only a run that stops here must
/// not go without its checkpoint.
template <class Write>
void Session::or_warn(const char* what, const Write& write) {
  try {
    write();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::io || result_.stopped) throw;
    warn(std::string(what) + ": " + error.what());
  }
}

void Session::tell_damaged(const std::vector<data::Damaged>& damaged) const {
  for (const data::Damaged& one : damaged) warn("left out: " + one.path + ": " + one.reason);
}

/// The one reading of the test set, with the weights that are reported.
void Session::finish() {
  nn::Classifier& model = *s_.training.model;
  trainer_.swap_average();
  fit_probe();
  const io::TensorFile last = weights();
  result_.best_on_validation = best_.step >= 0;
  result_.reported_step = result_.best_on_validation ? best_.step : trainer_.steps_done();
  if (result_.best_on_validation) set_weights(model, best_.weights);
  tell_damaged(s_.training.loader->damaged());
  result_.test = evaluate_on(s_.split.test);
  tell_damaged(result_.test.damaged);
  if (!std::isfinite(result_.test.unrotated.loss))
    fail(ErrorKind::numeric, "test: expected finite logits, got others: the network diverged; a lower --lr may help");
  const Score& score = result_.test.unrotated;
  log(trainer_.steps_done(), {{"test/top-1-acc", score.accuracy()}, {"test/top-5-acc", score.top5_accuracy()}});
  if (!folder_.empty()) {
    io::save_tensors(folder_ + "/weights/last.safetensors", last);
    write_evaluation(folder_, s_.dataset, s_.hash, result_);
    describe();
  }
  set_weights(model, last);
  trainer_.swap_average();
}

/// For people to look at: whoever lacks it still has every number.
void Session::describe() {
  const Report report{s_.options, s_.dataset, s_.split, s_.hash, log_.rows(), result_};
  or_warn("plots not written", [&] { write_plots(folder_, report); });
  or_warn("report not written", [&] { write_report(folder_, report); });
}

ModelCard Session::card() const {
  const RunOptions& o = s_.options;
  return {.model = o.model,
          .width = o.width,
          .bn_epsilon = o.bn_epsilon,
          .pool_padding = o.pool_padding,
          .img_size = o.img_size,
          .class_names = s_.dataset.class_names(),
          .preprocess_eval = o.preprocess_eval,
          .eval_views = s_.training.method->eval_views(),
          .method = o.method,
          .dataset = o.dataset,
          .data = o.data,
          .split_hash = s_.hash};
}

/// As they are now, the method's heads among them: a later stage starts from those as well.
io::TensorFile Session::weights() {
  io::TensorFile file = weights_of(*s_.training.model, card(), exported_heads(*s_.training.method));
  check_finite(file.tensors, trainer_.steps_done());
  return file;
}

Evaluation Session::evaluate_on(const std::vector<std::int64_t>& indices) {
  const data::Pipeline pipeline(with_view(s_.options.preprocess_eval, s_.training.method->eval_views()));
  nn::Classifier& model = *s_.training.model;
  std::unique_ptr<nn::Classifier> neighbours;
  if (s_.training.method->probe() == "knn")
    neighbours = nearest_neighbours(model, labelled_features(), s_.dataset.classes());
  return evaluate(neighbours ? *neighbours : model, s_.dataset, indices, pipeline, s_.options.eval_batch,
                  device_from(s_.options.device));
}

/// Where the method teaches no class head: the head of the weights that are evaluated and saved.
void Session::fit_probe() {
  if (s_.training.method->probe() == "linear") fit_linear_head(*s_.training.model, labelled_features());
}

LabelledFeatures Session::labelled_features() {
  return features_of(*s_.training.model, s_.dataset, s_.split.labelled, data::Pipeline(s_.options.preprocess_eval),
                     s_.options.eval_batch, device_from(s_.options.device));
}

double Session::seconds() const { return seconds_before_ + between(started_, Clock::now()); }

io::TensorFile Session::state() {
  io::TensorFile file = trainer_.state();
  file.metadata["split_hash"] = s_.hash;
  file.metadata["seconds"] = to_text(seconds());
  file.metadata["best_step"] = std::to_string(best_.step);
  file.metadata["best_hits"] = std::to_string(best_.hits);
  file.tensors.emplace_back("best_loss", full({1}, best_.loss, DType::f64));
  for (const auto& [name, value] : best_.weights.tensors) file.tensors.emplace_back("best/" + name, value);
  return file;
}

void Session::restore(const io::TensorFile& file) {
  const auto entry = [&](const char* key) -> const std::string& {
    const auto found = file.metadata.find(key);
    check(found != file.metadata.end(), "checkpoint: expected the entry \"{}\" in its metadata", key);
    return found->second;
  };
  check(entry("split_hash") == s_.hash,
        "resume: expected a checkpoint of split {}, got one of {}: other labels or data", s_.hash.substr(0, 8),
        entry("split_hash").substr(0, 8));
  trainer_.restore(file);
  seconds_before_ = std::stod(entry("seconds"));
  best_.step = std::stoll(entry("best_step"));
  best_.hits = std::stoll(entry("best_hits"));
  if (best_.step < 0) return;
  best_.weights = weights();
  const Tensor loss = full({1}, 0, DType::f64);
  std::vector<std::pair<std::string, Tensor>> tensors{{"best_loss", loss}};
  for (const auto& [name, value] : best_.weights.tensors) tensors.emplace_back("best/" + name, value);
  s4l::restore(file, tensors);
  best_.loss = item(loss);
}

void Session::warn(const std::string& text) const {
  if (callbacks_.on_warning) callbacks_.on_warning(text);
}

}  // namespace s4l::methods
