#include "s4l/apps/settings.h"

#include <algorithm>

#include "s4l/methods/method.h"

namespace s4l::apps {
namespace {

using methods::RunOptions;

// --- readers of what is no plain field -----------------------------------------------------------------------

void set_labels(RunOptions& options, const std::string& text) {
  options.labels = text;
  options.labels_per_class = -1;
}

void set_num_labels(RunOptions& options, const std::string& text) { set_labels(options, text + "n"); }

void add_data_option(RunOptions& options, const std::string& text) {
  const std::size_t equals = text.find('=');
  check(equals != std::string::npos && equals > 0, "expected KEY=VALUE, got \"{}\"", text);
  std::string key = text.substr(0, equals);
  std::replace(key.begin(), key.end(), '_', '-');
  options.dataset_options[key] = text.substr(equals + 1);
}

// --- the table -----------------------------------------------------------------------------------------------

constexpr bool kCommon = true, kRare = false;

struct Row {
  Setting setting;
  Row(std::string section, bool common, std::string name, std::string value, auto place, std::string help) {
    setting.section = std::move(section);
    setting.option = {std::move(name), std::move(value), std::move(help), common, Takes::one, 0, {}, "", false};
    if constexpr (std::is_constructible_v<Field, decltype(place)>)
      setting.place = Field(place);
    else
      setting.place = place;
    if constexpr (std::is_same_v<decltype(place), bool RunOptions::*>) setting.option.takes = Takes::none;
  }
  Row&& letter(char c) && { return setting.option.letter = c, std::move(*this); }
  Row&& aliases(std::vector<std::string> names) && {
    return setting.option.aliases = std::move(names), std::move(*this);
  }
  Row&& free_on_resume() && { return setting.free_on_resume = true, std::move(*this); }
  Row&& repeatable() && { return setting.option.repeatable = true, std::move(*this); }
};

std::vector<Row> data_rows() {
  const std::string s = "data";
  return {
      Row(s, kCommon, "data", "PATH", &RunOptions::data, "your pictures: a folder with one folder per class")
          .aliases({"data-dir", "dataset-dir"}),
      Row(s, kCommon, "dataset", "NAME", &RunOptions::dataset, "one of `s4l list datasets`; things without --data"),
      Row(s, kCommon, "labels", "SHARE", &RunOptions::labels, "labels to learn from: 10 or 10% of them, 40n in all"),
      Row(s, kCommon, "num-labels", "N", Reader{set_num_labels}, "or so many labels in all")
          .aliases({"num-supervised-examples"}),
      Row(s, kCommon, "labels-per-class", "N", &RunOptions::labels_per_class, "or so many of each class"),
      Row(s, kRare, "data-option", "KEY=VALUE", Reader{add_data_option}, "an option of the data set; repeatable")
          .repeatable(),
      Row(s, kRare, "data-seed", "N", &RunOptions::data_seed, "of generated pictures"),
      Row(s, kRare, "val-fraction", "X", &RunOptions::val_fraction, "share of the labels kept for validation"),
      Row(s, kRare, "strict", "", &RunOptions::strict, "stop at the first damaged picture"),
      Row(s, kRare, "augment", "PIPELINE", &RunOptions::augment, "preprocessing while training")
          .aliases({"preprocessing"}),
      Row(s, kRare, "preprocess-eval", "PIPELINE", &RunOptions::preprocess_eval, "preprocessing for evaluation")
          .aliases({"preprocessing-eval"}),
  };
}

std::vector<Row> network_rows() {
  const std::string s = "network";
  return {
      Row(s, kCommon, "model", "NAME", &RunOptions::model, "one of `s4l list models`").aliases({"net", "architecture"}),
      Row(s, kCommon, "img-size", "N", &RunOptions::img_size, "side of the pictures; 0: the model's")
          .aliases({"imgsz"}),
      Row(s, kRare, "width", "X", &RunOptions::width, "factor of the numbers of channels"),
      Row(s, kRare, "zero-heads", "", &RunOptions::zero_heads, "start the heads' weights at 0"),
      Row(s, kRare, "bn-momentum", "X", &RunOptions::bn_momentum,
          "of batch norm's running statistics; 0: 0.99, less in short runs"),
  };
}

std::vector<Row> training_rows() {
  const std::string s = "training";
  return {
      Row(s, kCommon, "steps", "N", &RunOptions::steps, "steps of training").aliases({"num-train-iter"}),
      Row(s, kCommon, "epochs", "X", &RunOptions::epochs, "instead of steps: passes over the labelled pictures")
          .aliases({"epoch"}),
      Row(s, kCommon, "batch-size", "N", &RunOptions::batch_size, "labelled pictures a step")
          .letter('b')
          .aliases({"batch"}),
      Row(s, kCommon, "lr", "X", &RunOptions::lr, "learning rate after warm-up").aliases({"lr0"}),
      Row(s, kCommon, "seed", "N", &RunOptions::seed, "of labels, weights and order").aliases({"random-seed"}),
      Row(s, kRare, "uratio", "X", &RunOptions::uratio, "unlabelled pictures for each labelled one")
          .aliases({"unsup-batch-mult"}),
      Row(s, kRare, "sched", "NAME", &RunOptions::sched, "cosine, or epochs of warm-up, drops and end: 5,140,160,200")
          .aliases({"schedule"}),
      Row(s, kRare, "lr-scale-batch-size", "N", &RunOptions::lr_scale_batch_size,
          "lr is for N labelled pictures a step; 0: as is"),
      Row(s, kRare, "lr-decay-factor", "X", &RunOptions::lr_decay_factor, "at each drop of a list of epochs"),
      Row(s, kRare, "warmup-steps", "N", &RunOptions::warmup_steps, "steps of linear warm-up"),
      Row(s, kRare, "momentum", "X", &RunOptions::momentum, "of SGD"),
      Row(s, kRare, "nesterov", "", &RunOptions::nesterov, "Nesterov's momentum; --no-nesterov: plain"),
      Row(s, kRare, "weight-decay", "X", &RunOptions::weight_decay, "on kernels"),
      Row(s, kRare, "ema-decay", "X", &RunOptions::ema_decay, "average the weights (Polyak); 0: no")
          .aliases({"ema-m", "model-ema-decay"}),
      Row(s, kRare, "polyak-averaging", "", &RunOptions::polyak_averaging,
          "the same with a half-life of one labelled epoch")
          .aliases({"model-ema"}),
      Row(s, kRare, "virtual-replicas", "N", &RunOptions::virtual_replicas, "groups of batch norm's statistics"),
  };
}

std::vector<Row> running_rows() {
  const std::string s = "running";
  return {
      Row(s, kCommon, "device", "NAME", &RunOptions::device, "one of `s4l info`: cpu")
          .aliases({"gpu"})
          .free_on_resume(),
      Row(s, kCommon, "workers", "N", &RunOptions::workers, "threads that read pictures")
          .letter('j')
          .aliases({"num-workers"})
          .free_on_resume(),
      Row(s, kRare, "prefetch", "N", &RunOptions::prefetch, "batches read ahead").free_on_resume(),
      Row(s, kRare, "eval-batch", "N", &RunOptions::eval_batch, "pictures a step of evaluation")
          .aliases({"eval-batch-size"})
          .free_on_resume(),
      Row(s, kRare, "log-interval", "N", &RunOptions::log_interval, "steps between rows of the log")
          .aliases({"num-log-iter"})
          .free_on_resume(),
      Row(s, kRare, "eval-interval", "N", &RunOptions::eval_interval, "steps between validations; 0: a tenth")
          .aliases({"num-eval-iter"}),
      Row(s, kRare, "checkpoint-interval", "N", &RunOptions::checkpoint_interval, "steps between saves; 0: a tenth")
          .aliases({"save-checkpoints-steps"})
          .free_on_resume(),
      Row(s, kRare, "keep-checkpoints", "N", &RunOptions::keep_checkpoints, "checkpoints to keep").free_on_resume(),
  };
}

std::vector<Row> method_rows() {
  std::vector<Row> rows;
  for (const methods::MethodEntry& method : methods::methods())
    for (const methods::MethodOption& option : method.options) {
      auto row =
          std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return r.setting.option.name == option.name; });
      if (row == rows.end()) {
        rows.push_back(Row("method", kCommon, option.name, "X", MethodField{}, option.help));
        row = rows.end() - 1;
      }
      std::get<MethodField>(row->setting.place).standards[method.name] = option.value;
      row->setting.option.help += std::string(" (") + method.name + ")";
      if (row->setting.option.name == "rot-weight") row->setting.option.aliases = {"rot-loss-weight", "ulb-loss-ratio"};
    }
  return rows;
}

std::vector<Setting> make_settings() {
  std::vector<Setting> all;
  // The method comes first in config.toml and is no option: it is the command's argument.
  all.push_back(Row("run", kCommon, "method", "METHOD", &RunOptions::method, "").setting);
  for (auto rows : {data_rows, network_rows, training_rows, method_rows, running_rows})
    for (Row& row : rows()) all.push_back(std::move(row.setting));
  const RunOptions standard;
  for (Setting& setting : all) {
    const std::string text = text_of(setting, standard);
    if (text != "0" && text != "-1") setting.option.standard = text;  // those mean that nothing was chosen
  }
  return all;
}

}  // namespace

const std::vector<Setting>& settings() {
  static const std::vector<Setting> all = make_settings();
  return all;
}

const Setting* find_setting(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  for (const Setting& setting : settings()) {
    const Option& option = setting.option;
    if (option.name == name || std::count(option.aliases.begin(), option.aliases.end(), name) > 0) return &setting;
  }
  return nullptr;
}

}  // namespace s4l::apps
