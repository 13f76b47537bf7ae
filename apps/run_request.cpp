#include "s4l/apps/run_request.h"

#include <filesystem>

#include <fmt/format.h>

#include "s4l/apps/log_options.h"
#include "s4l/apps/run_folder.h"
#include "s4l/core/error.h"
#include "s4l/core/io/file.h"
#include "s4l/core/io/user_folders.h"
#include "s4l/apps/settings.h"
#include "s4l/apps/threads.h"
#include "s4l/methods/method.h"

namespace s4l::apps {
namespace {

// What decides how the run is carried out and shown, not what it computes: never in config.toml.
std::vector<Option> own_options() {
  return {
      {"output",
       "DIR",
       "folder to write [runs/METHOD-LABELS-sSEED]",
       true,
       Takes::one,
       'o',
       {"save-dir", "project", "out"}},
      {"name", "NAME", "or runs/NAME, numbered if there is one", true, Takes::one, 0, {"save-name", "experiment"}},
      {"resume",
       "PATH",
       "go on with a stopped run; without PATH the newest",
       true,
       Takes::maybe_one,
       0,
       {"resume-interrupted"}},
      {"overwrite", "", "replace the run that is in --output", true, Takes::none, 0, {"exist-ok"}},
      config_option(),
      {"dry-run", "", "tell what would be done, write nothing", true, Takes::none},
      {"json", "", "the result as JSON on stdout", true, Takes::none},
      {"recipe", "NAME", "one of `s4l list recipes`, instead of DATASET/METHOD"},
      {"time", "TIME", "stop and save after 90s, 30m or 2h"},
      threads_option(),
  };
}

void check_unchanged(const methods::RunOptions& before, const methods::RunOptions& now, const std::string& folder) {
  for (const Setting& setting : settings()) {
    const std::string was = text_of(setting, before), is = text_of(setting, now);
    check(setting.free_on_resume || was == is, "--resume: {} is {} in {}, got {}; a continued run keeps it",
          setting.option.name, was, folder, is);
  }
  check(before.dataset_options == now.dataset_options, "--resume: a continued run keeps its --data-option");
  check(before.unlabeled == now.unlabeled, "--resume: a continued run keeps its --unlabeled");
}

/// A stage alone needs what the stage before would have left it.
void check_start(const methods::RunOptions& options) {
  const auto& stages = methods::find_method(options.method).stages;
  const bool one = 1 <= options.stage && options.stage <= static_cast<int>(stages.size());
  check(!one || !stages[static_cast<std::size_t>(options.stage - 1)].pretrained || !options.pretrained.empty(),
        "--stage {}: expected the weights of the stage before in --pretrained", options.stage);
}

methods::RunOptions resumed_options(const std::string& recipe, std::vector<Layer> layers, const std::string& folder,
                                    int stage) {
  layers.insert(layers.begin(), layer_from_run(folder));
  const methods::RunOptions now = combine(recipe, layers);
  std::vector<Layer> before{layers.front()};
  if (stage > 0) before.push_back(layers.back());
  check_unchanged(combine(recipe, before), now, folder);
  return now;
}

// "90s", "30m" or "2h". A bare number would be hours to some and seconds to others.
double seconds_from(const std::string& text) {
  const char unit = text.empty() ? ' ' : text.back();
  const double factor = unit == 's' ? 1 : unit == 'm' ? 60 : unit == 'h' ? 3600 : 0;
  check(factor > 0, "--time: expected a time such as 90s, 30m or 2h, got \"{}\"", text);
  const double number = number_from("--time", text.substr(0, text.size() - 1));
  check(number > 0, "--time: expected more than 0, got {}", text);
  return factor * number;
}

std::string name_from(const Arguments& arguments) {
  const std::string name = arguments.get("name");
  check(std::filesystem::path(name).filename() == name && name != "." && name != "..",
        "--name: expected a name without folders, got \"{}\"; --output takes a path", name);
  check(name.empty() || !arguments.has("output"), "--name and --output contradict each other: give one");
  return name;
}

}  // namespace

double time_limit_from(const Arguments& arguments) {
  return arguments.has("time") ? seconds_from(arguments.get("time")) : 0;
}

Option config_option() { return {"config", "FILE", "read settings from a TOML file", true}; }

Layer layer_from_config(const Arguments& arguments) {
  if (!arguments.has("config")) return {};
  const std::string file = arguments.get("config");
  check(std::filesystem::exists(file), "--config: there is no file {}", file);
  check(std::filesystem::is_regular_file(file), "--config: expected a TOML file, got {}", file);
  return layer_from_toml(io::read_file(file), file);
}

std::vector<Layer> layers_from(const Arguments& arguments) {
  std::vector<Layer> layers;
  // A run that goes on keeps what it began with.
  const std::string own = io::config_folder().empty() ? "" : io::config_folder() + "/config.toml";
  if (!arguments.has("resume") && std::filesystem::exists(own))
    layers.push_back(layer_from_toml(io::read_file(own), own));
  layers.push_back(layer_from_config(arguments));
  layers.push_back(layer_from_environment());
  layers.push_back(layer_from_arguments(arguments, arguments.positional));
  return layers;
}

CommandLine run_line() {
  CommandLine line{
      "run",
      "train a model from few labels and test it",
      "METHOD",
      "one of `s4l list methods`",
      {},
      {"s4l run rotation --labels 10", "s4l run rotation --data my-pictures --labels-per-class 4",
       "s4l run supervised --data my-pictures --labels 10 --epochs 100 -o runs/baseline",
       "s4l run --config runs/rotation-10pct-s0/config.toml --seed 1", "s4l run --resume runs/rotation-10pct-s0"}};
  line.note =
      "Values in [] are the defaults where no recipe (DATASET/METHOD) has others. A setting may also come from\n"
      "~/.config/s4l/config.toml, from a TOML file (--config) or the environment (S4L_BATCH_SIZE=32), the later of\n"
      "these counting more; the command line has the last word.";
  for (const Setting& setting : settings())
    if (setting.option.name != "method") line.options.push_back(setting.option);
  for (Option& option : own_options()) line.options.push_back(std::move(option));
  for (Option& option : log_options()) line.options.push_back(std::move(option));
  return line;
}

RunRequest request_from(const Arguments& arguments, int stage) {
  RunRequest request;
  request.overwrite = arguments.on("overwrite");
  request.dry_run = arguments.on("dry-run");
  request.json = arguments.on("json");
  request.seconds = time_limit_from(arguments);
  set_threads(arguments);

  std::vector<Layer> layers = layers_from(arguments);
  if (stage > 0) layers.push_back({{"stage", std::to_string(stage), "--stage"}});
  const std::string recipe = arguments.get("recipe");
  request.folder = arguments.get("output");
  request.name = name_from(arguments);
  request.resume = arguments.has("resume");
  if (!request.resume) {
    check(arguments.positional.has_value() || arguments.has("config"),
          "run: expected a METHOD, one of `s4l list methods`, as in "
          "s4l run rotation");
    request.options = combine(recipe, layers);
    check_has_data(recipe, layers);
    if (stage == 0) check_start(request.options);
    check_may_take(request.folder, request.overwrite);
    return request;
  }
  check(!request.overwrite, "--resume and --overwrite contradict each other: give one");
  check(request.name.empty() || arguments.get("resume").empty(),
        "--resume {} and --name {} contradict each other: a run goes on where it is", arguments.get("resume"),
        request.name);
  check(request.folder.empty() || arguments.get("resume").empty(),
        "--resume {} and --output {} contradict each other: a run goes on where it is", arguments.get("resume"),
        request.folder);
  if (!arguments.get("resume").empty()) request.folder = arguments.get("resume");
  if (request.folder.empty()) request.folder = newest_default_folder(combine(recipe, layers), request.name);
  request.options = resumed_options(recipe, layers, request.folder, stage);
  request.options.pretrained.clear();  // the checkpoint has everything
  return request;
}

}  // namespace s4l::apps
