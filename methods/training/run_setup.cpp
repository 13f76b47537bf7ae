#include "s4l/methods/training/run_setup.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

#include "s4l/core/device/arena.h"
#include "s4l/core/io/user_folders.h"
#include "s4l/core/io/file.h"
#include "s4l/data/recognise.h"
#include "s4l/data/relabelled.h"
#include "s4l/data/split_formats.h"
#include "s4l/methods/training/choice.h"
#include "s4l/methods/training/guesses.h"
#include "s4l/methods/training/pretrained.h"
#include "s4l/methods/training/run_pictures.h"
#include "s4l/nn/models/mixed_precision.h"
#include "s4l/nn/models/model.h"
#include "s4l/nn/optim/schedule.h"
#include "s4l/nn/walk.h"

namespace s4l::methods {
namespace {

void require(bool condition, const char* option, const char* expected, const std::string& got) {
  check(condition, "--{}: expected {}, got {}", option, expected, got);
}

void check_numbers(const RunOptions& o) {
  require(o.batch_size >= 0, "batch-size", "1 or more, or 0 (chosen)", to_text(o.batch_size));
  require(o.uratio > 0, "uratio", "more than 0", to_text(o.uratio));
  require(o.steps >= 0, "steps", "1 or more, or 0 (chosen)", to_text(o.steps));
  require(o.epochs >= 0, "epochs", "0 (not used) or more", to_text(o.epochs));
  require(std::isfinite(o.lr) && o.lr >= 0, "lr", "0 or more", to_text(o.lr));
  require(o.lr_scale_batch_size >= 0, "lr-scale-batch-size", "0 (no scaling) or more", to_text(o.lr_scale_batch_size));
  require(o.lr_decay_factor > 0 && o.lr_decay_factor <= 1, "lr-decay-factor", "more than 0, at most 1",
          to_text(o.lr_decay_factor));
  require(o.warmup_steps >= 0, "warmup-steps", "0 or more", to_text(o.warmup_steps));
  require(o.warmup_epochs >= 0, "warmup-epochs", "0 (not used) or more", to_text(o.warmup_epochs));
  require(o.momentum >= 0 && o.momentum < 1, "momentum", "0 to below 1", to_text(o.momentum));
  require(o.bn_momentum >= 0 && o.bn_momentum < 1, "bn-momentum", "0 (chosen) to below 1", to_text(o.bn_momentum));
  require(o.bn_epsilon >= 0 && o.bn_epsilon < 1, "bn-epsilon", "0 (chosen) to below 1", to_text(o.bn_epsilon));
  require(o.pool_padding.empty() || o.pool_padding == "zero" || o.pool_padding == "lowest", "pool-padding",
          "zero or lowest", o.pool_padding);
  require(o.weight_decay >= 0, "weight-decay", "0 or more", to_text(o.weight_decay));
  require(o.clip_grad >= 0, "clip-grad", "0 (no clipping) or more", to_text(o.clip_grad));
  require(o.patience >= 0, "patience", "0 (none) or more validations", to_text(o.patience));
  require(o.ema_decay >= 0 && o.ema_decay < 1, "ema-decay", "0 (none) to below 1", to_text(o.ema_decay));
  require(o.val_fraction >= 0 && o.val_fraction < 1, "val-fraction", "0 to below 1", to_text(o.val_fraction));
  require(o.max_damaged >= 0 && o.max_damaged <= 100, "max-damaged", "0 to 100 percent", to_text(o.max_damaged));
  require(o.cache >= 0 && o.cache <= 1e6, "cache", "0 or more GiB", to_text(o.cache));
  require(o.sampler == "shuffled" || o.sampler == "balanced", "sampler", "shuffled or balanced", o.sampler);
  require(o.class_weights == "none" || o.class_weights == "balanced", "class-weights", "none or balanced",
          o.class_weights);
  require(o.class_weights == "none" || o.sampler == "shuffled", "class-weights",
          "none with --sampler balanced, which evens the classes out already", o.class_weights);
  require(o.amp == "off" || o.amp == "bf16" || o.amp == "f16", "amp", "off, bf16 or f16", o.amp);
  require(o.amp == "off" || device_from(o.device) != kCpu, "amp", "off on the CPU, which computes in 32 bits", o.amp);
  require(o.eval_batch >= 1, "eval-batch", "1 or more", to_text(o.eval_batch));
  require(o.log_interval >= 1, "log-interval", "1 or more", to_text(o.log_interval));
  require(o.eval_interval >= 0 && o.checkpoint_interval >= 0, "checkpoint-interval", "0 (chosen) or more",
          to_text(std::min(o.eval_interval, o.checkpoint_interval)));
  require(o.keep_checkpoints >= 2, "keep-checkpoints", "2 or more", to_text(o.keep_checkpoints));
  require(o.workers >= 0 && o.workers <= 256, "workers", "0 to 256", to_text(o.workers));
  require(o.prefetch >= 1 && o.prefetch <= 1024, "prefetch", "1 to 1024", to_text(o.prefetch));
  require(o.virtual_replicas >= 1, "virtual-replicas", "1 or more", to_text(o.virtual_replicas));
}

void check_stage(const RunOptions& o) {
  const auto count = static_cast<int>(find_method(o.method).stages.size());
  check(
      0 <= o.stage && o.stage <= std::max(1, count), "--stage: expected {}, got {}",
      count == 0 ? "0 or 1, as " + o.method + " has one stage" : "1 to " + to_text(count) + ", or 0: one after another",
      o.stage);
}

nn::Schedule schedule_of(const RunOptions& o, std::int64_t steps_per_epoch) {
  const double scale = o.lr_scale_batch_size > 0 ? static_cast<double>(o.batch_size) / o.lr_scale_batch_size : 1;
  if (o.sched != "cosine") try {
      return nn::schedule_from_epochs(o.sched, steps_per_epoch, o.lr * scale, o.lr_decay_factor);
    } catch (const Error& error) {
      fail(error.kind(), "--sched: expected cosine or a list of epochs; {}", error.what());
    }
  nn::Schedule schedule;
  schedule.kind = nn::Schedule::Kind::cosine;
  schedule.base = o.lr * scale;
  schedule.warmup = static_cast<double>(o.warmup_steps);
  schedule.total = o.steps;
  return schedule;
}

std::int64_t steps_per_epoch(const RunOptions& o, const data::Split& split) {
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(split.labelled.size()) / o.batch_size);
}

/// The column of the guesses that the method learns from.
std::string guess_column(const RunOptions& o) {
  if (const auto given = o.method_options.find("pseudo-label-key"); given != o.method_options.end())
    return given->second.word;
  for (const MethodOption& option : find_method(o.method).options)
    if (option.name == std::string("pseudo-label-key")) return option.value.word;
  return "label";
}

data::Split split_from_file(const std::string& file, const data::Dataset& dataset, const data::SplitOptions& options) {
  try {
    return data::read_split(dataset, io::read_file(file), options);
  } catch (const Error& error) {
    fail(error.kind(), "--labels-file {}: {}", file, error.what());
  }
}

}  // namespace

void check_options(const RunOptions& options) {
  check_stage(options);
  check_numbers(options);
  for (const auto& [name, pipeline] :
       {std::pair{"--augment", &options.augment}, {"--preprocess-eval", &options.preprocess_eval}})
    if (!pipeline->empty()) try {
        data::Pipeline{*pipeline};
      } catch (const Error& error) {
        fail(error.kind(), "{}: {}", name, error.what());
      }
  if (options.labels_file.empty()) split_options(options);
}

data::DatasetOptions dataset_options(const RunOptions& options) {
  data::DatasetOptions data;
  data.root = options.data;
  data.img_size = options.img_size;
  data.seed = options.data_seed;
  data.strict = options.strict;
  data.max_damaged = options.max_damaged;
  data.unlabeled = options.unlabeled;
  data.cache_folder = io::cache_folder();
  data.cache_bytes = static_cast<std::int64_t>(options.cache * (1 << 30));
  data.extra = options.dataset_options;
  return data;
}

std::unique_ptr<data::Dataset> open_data(RunOptions& options) {
  check_options(options);
  if (options.dataset.empty()) options.dataset = options.data.empty() ? "things" : data::dataset_at(options.data);
  check(options.data.empty() || options.dataset != "things",
        "--data: expected no folder for the built-in data set things, got \"{}\"; without --dataset things it is read",
        options.data);
  return data::open_dataset(options.dataset, dataset_options(options));
}

void fill_in_network(RunOptions& o) {
  if (!o.pretrained.empty()) Pretrained(o.pretrained).complete(o);
  if (o.bn_epsilon == 0) o.bn_epsilon = nn::ModelOptions().bn_epsilon;
  if (o.pool_padding.empty()) o.pool_padding = "zero";
}

data::SplitOptions split_options(const RunOptions& options) {
  data::SplitOptions split;
  if (options.labels_per_class >= 0)
    split.budget.per_class = options.labels_per_class;
  else
    split.budget = data::label_budget_from(options.labels);
  split.val_fraction = options.val_fraction;
  split.seed = options.seed;
  return split;
}

data::Split split_data(const RunOptions& options, const data::Dataset& dataset) {
  const data::SplitOptions how = split_options(options);
  return options.labels_file.empty() ? data::make_split(dataset, how)
                                     : split_from_file(options.labels_file, dataset, how);
}

Stage stage_of(const RunOptions& o) {
  check_stage(o);
  const std::vector<Stage>& stages = find_method(o.method).stages;
  if (stages.empty()) return Stage{""};
  require(o.stage > 0, "stage", "one stage of the method", to_text(o.stage));
  return stages[static_cast<std::size_t>(o.stage - 1)];
}

void take_guesses(const RunOptions& o, std::unique_ptr<data::Dataset>& dataset, data::Split& split) {
  const Stage stage = stage_of(o);
  check(!stage.guesses || !o.pseudo_labels.empty(),
        "--pseudo-labels: expected the guesses (pseudo_labels.csv) of the stage before for stage {} of {}", o.stage,
        o.method);
  if (o.pseudo_labels.empty()) return;
  std::vector<std::int64_t> labels =
      labels_from_guesses(*dataset, split, io::read_file(o.pseudo_labels), guess_column(o));
  split.labelled.clear();
  for (const std::int64_t index : split.unlabelled)
    if (labels[static_cast<std::size_t>(index)] >= 0) split.labelled.push_back(index);
  dataset = data::relabelled(std::move(dataset), std::move(labels));
}

void assume_guesses(const RunOptions& o, std::unique_ptr<data::Dataset>& dataset, data::Split& split) {
  if (!stage_of(o).guesses) return;
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < dataset->size(); ++i) labels.push_back(std::max<std::int64_t>(0, dataset->label(i)));
  split.labelled = split.unlabelled;
  dataset = data::relabelled(std::move(dataset), std::move(labels));
}

void fill_in_from(const data::Dataset& dataset, const data::Split& split, RunOptions& o) {
  choose_network(dataset, o);
  fill_in_pictures(dataset, o);
  if (o.exact_preprocessing)
    for (std::string* pipeline : {&o.augment, &o.preprocess_eval})
      if (!pipeline->starts_with("exact|")) *pipeline = "exact|" + *pipeline;
  choose_length(split, o);
  const std::int64_t per_epoch = steps_per_epoch(o, split);
  if (o.epochs > 0)
    o.steps =
        std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(o.epochs * static_cast<double>(per_epoch))));
  if (o.warmup_epochs > 0) o.warmup_steps = std::llround(o.warmup_epochs * static_cast<double>(per_epoch));
  if (o.sched != "cosine") o.steps = schedule_of(o, per_epoch).total;
  // The statistics must have forgotten the first steps by the last: 50 times their memory is the whole run.
  if (o.polyak_averaging) o.ema_decay = nn::polyak_decay(per_epoch);
  if (o.bn_momentum == 0) o.bn_momentum = std::clamp(1 - 50 / static_cast<double>(o.steps), 0.9, 0.99);
  check(o.patience == 0 || !split.val.empty(),
        "--patience: expected validation pictures to wait for, got none: a class has fewer than 10 labels");
  const std::int64_t tenth = std::max<std::int64_t>(1, o.steps / 10);
  if (o.eval_interval == 0) o.eval_interval = tenth;
  if (o.checkpoint_interval == 0) o.checkpoint_interval = tenth;
}

std::string with_view(const std::string& pipeline, const std::string& view) {
  return data::with_operations(pipeline, view);
}

std::int64_t unlabelled_batch(const RunOptions& o) {
  return std::max<std::int64_t>(1, std::llround(static_cast<double>(o.batch_size) * o.uratio));
}

std::int64_t pictures_per_step(const RunOptions& o, const Method& method) {
  return o.batch_size + static_cast<std::int64_t>(method.views().unlabelled.size()) * unlabelled_batch(o);
}

namespace {

/// The pictures that wait in the host's memory, and those in the two batches of the device, are the least that a step
/// needs.
void check_batch(const RunOptions& o, const Method& method) {
  const double pictures =
      static_cast<double>(o.batch_size) * (1 + static_cast<double>(method.views().unlabelled.size()) * o.uratio);
  const double bytes = pictures * 3 * o.img_size * o.img_size * (o.prefetch + 2);
  const std::size_t available = available_memory();
  check(bytes <= static_cast<double>(available),
        "--batch-size: expected batches that fit into the {} that are available, got {}: {} of pictures alone",
        size_text(available), o.batch_size, size_text(static_cast<std::size_t>(std::min(bytes, 0x1p63))));
}

Training construct(const RunOptions& o, const data::Dataset& dataset, const data::Split& split) {
  Training training;
  const Device device = device_from(o.device);
  nn::ModelOptions model;
  model.classes = dataset.classes();
  model.width = o.width;
  model.zero_heads = o.zero_heads;
  model.bn_epsilon = o.bn_epsilon;
  model.pool_zero_padding = o.pool_padding == "zero";
  model.seed = o.seed;
  training.model = nn::make_model(o.model, model);
  std::optional<Pretrained> pretrained;
  if (!o.pretrained.empty()) {
    pretrained.emplace(o.pretrained);
    training.pretrained = pretrained->start(*training.model, dataset.class_names());
  }
  nn::move_to(*training.model, device);  // a method's own tensors follow it
  const DType type = o.amp == "bf16" ? DType::bf16 : o.amp == "f16" ? DType::f16 : DType::f32;
  if (type != DType::f32) training.mixed = std::make_unique<nn::MixedPrecision>(*training.model, type);
  nn::Classifier& learner = training.mixed ? *training.mixed : *training.model;

  MethodOptions method;
  method.classes = model.classes;
  method.feature_size = training.model->feature_size();
  method.model = &learner;
  method.computed_in = type;
  method.pictures = dataset.size();
  method.unlabelled = static_cast<std::int64_t>(split.unlabelled.size());
  method.zero_heads = o.zero_heads;
  method.seed = o.seed;
  method.stage = std::max(1, o.stage);
  method.values.assign(o.method_options.begin(), o.method_options.end());
  training.method = make_method(o.method, method);
  if (pretrained) training.pretrained += pretrained->start_heads(*training.method);

  check_batch(o, *training.method);
  const Views views = training.method->views();
  for (const std::int64_t pictures : {o.batch_size, views.unlabelled.empty() ? o.batch_size : unlabelled_batch(o)})
    check(pictures % o.virtual_replicas == 0,
          "--virtual-replicas: expected a divisor of the {} pictures of a stream, got {}", pictures,
          o.virtual_replicas);
  TrainOptions train;
  data::LoaderOptions loader;
  loader.labelled = {o.batch_size, {with_view(o.augment, views.labelled)}};
  train.labelled_tail = data::Pipeline(loader.labelled.pipelines[0]).tail();
  if (!views.unlabelled.empty()) loader.unlabelled.batch_size = unlabelled_batch(o);
  for (const std::string& view : views.unlabelled) {
    loader.unlabelled.pipelines.push_back(with_view(o.augment, view));
    train.unlabelled_tails.push_back(data::Pipeline(loader.unlabelled.pipelines.back()).tail());
  }
  loader.seed = o.seed;
  loader.max_damaged = o.max_damaged;
  loader.workers = o.workers;
  loader.prefetch = o.prefetch;
  loader.device = device;
  for (const data::StreamOptions* stream : {&loader.labelled, &loader.unlabelled})
    for (const std::string& pipeline : stream->pipelines)
      check_one_size(dataset, data::Pipeline(pipeline), true, "--augment");
  check_one_size(dataset, data::Pipeline(with_view(o.preprocess_eval, training.method->eval_views())), false,
                 "--preprocess-eval");
  data::Split streams = split;
  if (o.sampler == "balanced") streams.labelled = data::balanced(dataset, split.labelled, o.seed);
  if (o.class_weights == "balanced") loader.class_weights = data::balanced_class_weights(dataset, split.labelled);
  training.loader = std::make_unique<data::Loader>(dataset, streams, loader);

  train.device = device;
  train.lr = schedule_of(o, steps_per_epoch(o, split));
  train.sgd = {o.momentum, o.weight_decay, o.nesterov, o.ema_decay, o.clip_grad, type, type == DType::f16};
  train.seed = o.seed;
  train.virtual_replicas = o.virtual_replicas;
  train.cross_replica_bn = o.cross_replica_bn;
  train.bn_momentum = o.bn_momentum;
  training.trainer = std::make_unique<Trainer>(learner, *training.method, *training.loader, train);
  return training;
}

}  // namespace

Training make_training(const RunOptions& o, const data::Dataset& dataset, const data::Split& split) {
  try {
    return construct(o, dataset, split);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::memory || std::string_view(error.what()).ends_with("needs less")) throw;
    fail(ErrorKind::memory, "{}; a smaller --batch-size or --img-size needs less", error.what());
  }
}

}  // namespace s4l::methods
