#include <cstdio>
#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include <fmt/format.h>

#include "s4l/apps/commands.h"
#include "s4l/apps/config.h"
#include "s4l/apps/exit_code.h"
#include "s4l/apps/log_options.h"
#include "s4l/apps/nearest.h"
#include "s4l/apps/report.h"
#include "s4l/apps/run_report.h"
#include "s4l/apps/run_request.h"
#include "s4l/apps/settings.h"
#include "s4l/apps/test_set.h"
#include "s4l/apps/threads.h"
#include "s4l/apps/weights_place.h"
#include "s4l/core/device/device.h"
#include "s4l/data/recognise.h"
#include "s4l/core/io/file.h"
#include "s4l/methods/training/run_files.h"
#include "s4l/methods/training/run_setup.h"
#include "s4l/methods/training/saved_model.h"
#include "s4l/nn/walk.h"

namespace s4l::apps {
namespace {

using Names = std::span<const std::string_view>;

// What decides which pictures are tested is the run's, or the command line's: never a file's or a variable's.
constexpr std::array<std::string_view, 4> kFromAnywhere{"strict", "max-damaged", "device", "eval-batch"};
constexpr std::array<std::string_view, 6> kFromRun{"strict",     "max-damaged", "device",
                                                   "eval-batch", "data-option", "data-seed"};

CommandLine eval_line() {
  const auto setting = [](std::string_view name) {
    Option option = find_setting(std::string(name))->option;
    option.standard.clear();  // here the default is the run's
    if (option.name == "data")
      option.help = "the test pictures of this folder, .tar or .csv file as it is now, not those of the run";
    if (option.name == "dataset") option.help = "what --data holds, one of `s4l list datasets`; else by its look";
    if (option.name == "labels-file") option.help = "the test pictures of this split.csv, not those of the run's";
    return option;
  };
  CommandLine line{"eval",
                   "test a trained model",
                   "RUN",
                   "a run's folder or a weights/*.safetensors file",
                   {setting("data"),
                    setting("dataset"),
                    setting("labels-file"),
                    {"json", "", "the result as JSON on stdout", true, Takes::none},
                    {"min-acc", "PERCENT", "exit 3 if top-1 is below", true},
                    config_option(),
                    setting("data-option"),
                    setting("data-seed"),
                    threads_option()},
                   {"s4l eval runs/rotation-10pct-s0", "s4l eval runs/rotation-10pct-s0 --min-acc 80",
                    "s4l eval runs/rotation-10pct-s0/weights/last.safetensors --data other-pictures --json"}};
  for (const std::string_view name : kFromAnywhere) line.options.push_back(setting(name));
  line.note =
      "Tested are the pictures that the run's split.csv calls test; one that is missing or damaged is an error.\n"
      "strict, max-damaged, device and eval-batch may also come from --config or the environment (S4L_DEVICE=cpu).";
  return line;
}

Layer only(Names names, Layer layer) {
  std::erase_if(layer, [&](const Given& given) {
    return std::find(names.begin(), names.end(), find_setting(given.name)->option.name) == names.end();
  });
  return layer;
}

// The run's own settings where there is a run, then the model's, then what the user says.
methods::RunOptions options_for(const std::string& weights, const methods::ModelCard& card,
                                const Arguments& arguments) {
  methods::RunOptions options;
  if (const std::string config = file_of_run(weights, "config.toml"); !config.empty())
    overlay(only(kFromRun, layer_from_toml(io::read_file(config), config)), options);
  options.dataset = card.dataset;
  options.data = card.data;
  options.img_size = card.img_size;
  if (arguments.has("data") || arguments.has("dataset")) options.dataset_options.clear();
  overlay(only(kFromAnywhere, layer_from_config(arguments)), options);
  overlay(only(kFromAnywhere, layer_from_environment()), options);
  overlay(layer_from_arguments(arguments), options);
  if (arguments.has("data")) check_is_there("data", options.data);
  check_is_there("labels-file", options.labels_file);
  if (arguments.has("data") && !arguments.has("dataset")) options.dataset = data::dataset_at(options.data);
  check_known("dataset", options.dataset, names_of(data::datasets()));
  return options;
}

void check_classes(const std::vector<std::string>& model, const std::vector<std::string>& data) {
  if (model == data) return;
  fail(ErrorKind::data, "eval: expected the model's classes {}, got {}", fmt::format("{}", fmt::join(model, ", ")),
       fmt::format("{}", fmt::join(data, ", ")));
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
  Log log = log_from(arguments);
  const methods::SavedModel saved = methods::load_model(weights);
  methods::RunOptions options = options_for(weights, saved.card, arguments);
  const auto dataset = methods::open_data(options);
  check_classes(saved.card.class_names, dataset->class_names());
  const TestSet set = test_set_for(weights, saved.card, arguments, *dataset, log);
  if (set.split.empty()) tell_data(log, *dataset);

  const data::Pipeline pipeline(methods::with_view(saved.card.preprocess_eval, saved.card.eval_views));
  const Device device = device_from(options.device);
  nn::move_to(*saved.model, device);
  const methods::Evaluation test =
      methods::evaluate(*saved.model, *dataset, set.pictures, pipeline, options.eval_batch, device);
  check_all_tested(set, test);
  tell_damaged(log, test.damaged);
  const std::string source = !set.split.empty() ? set.split : !options.data.empty() ? options.data : options.dataset;
  if (arguments.on("json")) {
    io::Json json = methods::evaluation_json(test, saved.card.class_names);
    json.set("weights", weights);
    json.set("split_hash", saved.card.split_hash);
    json.set("test_set", source);
    json.set("trained_on", set.trained_on);
    fmt::print("{}\n", json.dump(2));
  } else {
    fmt::print("{}",
               evaluation_text(test, saved.card.class_names, {{"weights", weights}, {"test pictures of", source}}));
  }
  if (test.unrotated.accuracy() >= min_acc) return kSuccess;
  std::fputs(
      fmt::format("s4l: top-1 {:.1f} % is below --min-acc {:g}\n", 100 * test.unrotated.accuracy(), 100 * min_acc)
          .c_str(),
      stderr);
  return kThresholdMissed;
}

}  // namespace

Command eval_command() { return {"eval", "val", eval_line, eval}; }

}  // namespace s4l::apps
