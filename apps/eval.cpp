#include <filesystem>

#include <fmt/format.h>

#include "s4l/apps/commands.h"
#include "s4l/apps/config.h"
#include "s4l/apps/exit_code.h"
#include "s4l/apps/nearest.h"
#include "s4l/apps/report.h"
#include "s4l/apps/run_folder.h"
#include "s4l/apps/settings.h"
#include "s4l/apps/terminal.h"
#include "s4l/apps/threads.h"
#include "s4l/apps/weights_place.h"
#include "s4l/core/device/device.h"
#include "s4l/data/recognise.h"
#include "s4l/core/io/file.h"
#include "s4l/data/split.h"
#include "s4l/methods/training/run_files.h"
#include "s4l/methods/training/run_setup.h"
#include "s4l/methods/training/saved_model.h"
#include "s4l/nn/walk.h"

namespace s4l::apps {
namespace {

namespace fs = std::filesystem;

CommandLine eval_line() {
  const auto setting = [](const char* name) {
    Option option = find_setting(name)->option;
    option.standard.clear();  // here the default is the run's
    if (option.name == "data")
      option.help = "other pictures than the run's: a folder, .tar or .csv file with a test part";
    if (option.name == "dataset") option.help = "what --data holds, one of `s4l list datasets`; else by its look";
    return option;
  };
  return {"eval",
          "test a trained model",
          "RUN",
          "a run's folder or a weights/*.safetensors file",
          {setting("data"),
           setting("dataset"),
           {"json", "", "the result as JSON on stdout", true, Takes::none},
           {"min-acc", "PERCENT", "exit 3 if top-1 is below", true},
           setting("data-option"),
           setting("data-seed"),
           setting("device"),
           setting("eval-batch"),
           threads_option()},
          {"s4l eval runs/rotation-10pct-s0", "s4l eval runs/rotation-10pct-s0 --min-acc 80",
           "s4l eval runs/rotation-10pct-s0/weights/last.safetensors --data other-pictures --json"}};
}

// The run's own settings where there is a run, then the model's, then the command line's.
methods::RunOptions options_for(const fs::path& weights, const methods::ModelCard& card, const Arguments& arguments) {
  methods::RunOptions options;
  const std::string folder = weights.parent_path().parent_path();
  if (fs::exists(fs::path(folder) / "config.toml")) options = combine("", {layer_from_run(folder)});
  options.dataset = card.dataset;
  options.data = card.data;
  options.img_size = card.img_size;
  options.unlabeled.clear();
  overlay(layer_from_arguments(arguments), options);
  if (arguments.has("data")) check_is_there("data", options.data);
  if (arguments.has("data") && !arguments.has("dataset")) options.dataset = data::dataset_at(options.data);
  check_known("dataset", options.dataset, names_of(data::datasets()));
  return options;
}

std::unique_ptr<data::Dataset> open_data(const methods::RunOptions& options) {
  return data::open_dataset(options.dataset, methods::dataset_options(options));
}

std::vector<std::int64_t> pictures_to_test(const data::Dataset& dataset) {
  std::vector<std::int64_t> indices;
  for (std::int64_t i = 0; i < dataset.size(); ++i)
    if (dataset.part(i) == data::Part::test && dataset.label(i) >= 0) indices.push_back(i);
  if (indices.empty()) fail(ErrorKind::data, "eval: the data has no test pictures with a label");
  return indices;
}

void check_classes(const std::vector<std::string>& model, const std::vector<std::string>& data) {
  if (model == data) return;
  fail(ErrorKind::data, "eval: expected the model's classes {}, got {}", fmt::format("{}", fmt::join(model, ", ")),
       fmt::format("{}", fmt::join(data, ", ")));
}

// The labels that a model has seen are those of its own split: with another one the test set may hold them.
void warn_of_other_split(const fs::path& weights, const std::string& trained_on) {
  const fs::path csv = weights.parent_path().parent_path() / "split.csv";
  if (!fs::exists(csv)) return;
  const std::string here = data::split_hash(io::read_file(csv));
  if (here == trained_on) return;
  fmt::print(stderr, "{} {} was trained on the split {}…, and {} is {}…: other labels or other data\n",
             paint(terminal_of(2), Colour::yellow, "warning:"), weights.string(), trained_on.substr(0, 8), csv.string(),
             here.substr(0, 8));
}

double share_from(const Arguments& arguments) {
  std::string text = arguments.get("min-acc", "0");
  if (text.ends_with('%')) text.pop_back();
  const double percentage = number_from("--min-acc", text);
  check(percentage == 0 || (percentage >= 1 && percentage <= 100),
        "--min-acc: expected a percentage such as 85, got {}", text);  // 0.85 would be met by every model
  return percentage / 100;
}

int eval(const Arguments& arguments) {
  const std::string weights = weights_named(arguments, "eval");
  const double min_acc = share_from(arguments);
  set_threads(arguments);
  const methods::SavedModel saved = methods::load_model(weights);
  warn_of_other_split(weights, saved.card.split_hash);
  const methods::RunOptions options = options_for(fs::absolute(weights), saved.card, arguments);
  const auto dataset = open_data(options);
  check_classes(saved.card.class_names, dataset->class_names());

  const std::string& views = saved.card.eval_views;
  const data::Pipeline pipeline(saved.card.preprocess_eval + (views.empty() ? "" : "|" + views));
  const Device device = device_from(options.device);
  nn::move_to(*saved.model, device);
  const methods::Evaluation test =
      methods::evaluate(*saved.model, *dataset, pictures_to_test(*dataset), pipeline, options.eval_batch, device);
  if (arguments.on("json")) {
    io::Json json = methods::evaluation_json(test, dataset->class_names());
    json.set("weights", weights);
    fmt::print("{}\n", json.dump(2));
  } else {
    fmt::print("{}", evaluation_text(test, dataset->class_names(), {{"weights", weights}}));
  }
  if (test.unrotated.accuracy() >= min_acc) return kSuccess;
  fmt::print(stderr, "s4l: top-1 {:.1f} % is below --min-acc {:g}\n", 100 * test.unrotated.accuracy(), 100 * min_acc);
  return kThresholdMissed;
}

}  // namespace

Command eval_command() { return {"eval", "val", eval_line, eval}; }

}  // namespace s4l::apps
