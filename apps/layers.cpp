// From the layers of what was given to the options of a run.
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include <unistd.h>

#include <fmt/format.h>

#include "s4l/apps/config.h"
#include "s4l/apps/nearest.h"
#include "s4l/apps/settings.h"
#include "s4l/apps/weights_place.h"
#include "s4l/core/error.h"
#include "s4l/core/nearest.h"
#include "s4l/data/dataset.h"
#include "s4l/data/recognise.h"
#include "s4l/methods/method.h"
#include "s4l/methods/training/recipes.h"
#include "s4l/nn/models/model.h"

namespace s4l::apps {
namespace {

const Given* find(const Layer& layer, const std::string& name) {
  const Given* found = nullptr;
  for (const Given& given : layer) {
    const Setting* setting = find_setting(given.name);
    if (setting != nullptr && setting->option.name == name) found = &given;
  }
  return found;
}

// Of the last layer that says it.
std::string last_word(const std::vector<Layer>& layers, const std::string& name) {
  std::string word;
  for (const Layer& layer : layers)
    if (const Given* given = find(layer, name)) word = given->text;
  return word;
}

void check_no_contradiction(const Layer& layer) {
  static const std::vector<std::vector<std::string>> choices = {
      {"labels", "num-labels", "labels-per-class", "labels-file"},
      {"steps", "epochs"},
      {"warmup-steps", "warmup-epochs"}};
  for (const auto& names : choices) {
    const Given* first = nullptr;
    for (const std::string& name : names) {
      const Given* given = find(layer, name);
      if (given == nullptr) continue;
      check(first == nullptr, "{} and {} contradict each other: give one", first == nullptr ? "" : first->origin,
            given->origin);
      first = given;
    }
  }
}

std::string variable_of(const std::string& setting) {
  std::string variable = "S4L_" + setting;
  std::transform(variable.begin(), variable.end(), variable.begin(),
                 [](char c) { return c == '-' ? '_' : static_cast<char>(std::toupper(c)); });
  return variable;
}

// A misspelt variable is told, not passed over. Some are read elsewhere: by tests, benchmarks, runtimes.
void check_environment() {
  std::vector<std::string> known = {"S4L_NUM_THREADS", "S4L_CACHE_DIR", "S4L_LOG",
                                    "S4L_MEMORY_POOL", "S4L_TEST_DATA", "S4L_BENCH_THREADS"};
  for (const Setting& setting : settings()) known.push_back(variable_of(setting.option.name));
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string name = std::string(*entry).substr(0, std::string_view(*entry).find('='));
    if (name.starts_with("S4L_") && std::find(known.begin(), known.end(), name) == known.end())
      fail(ErrorKind::usage, "environment: {} is no setting{}", name, did_you_mean(name, known));
  }
}

void note(const Layer& layer, int stage, Origins& origins) {
  for (const Given& given : layer) {
    if (given.stage != stage) continue;
    const std::string name = find_setting(given.name)->option.name;
    const std::string suffix = ": " + given.name;  // of a file's line
    const bool file = given.origin.ends_with(suffix);
    origins[name == "num-labels" ? "labels" : name] =
        file ? given.origin.substr(0, given.origin.size() - suffix.size()) : given.origin;
  }
}

// What weights to start from say better than a recipe.
bool describes_network(const Given& given) {
  return given.name == "model" || given.name == "width" || given.name == "img-size";
}

/// The known recipe with another method's or data set's name for one that is near, or none.
std::string nearest_recipe(const std::string& word) {
  const auto halves = [](const std::string& name) {
    const std::size_t slash = std::min(name.find('/'), name.size());
    return std::pair(name.substr(0, slash), name.substr(std::min(slash + 1, name.size())));
  };
  const auto [data, rest] = halves(word);
  std::vector<std::string> same_data, same_rest;
  for (const methods::Recipe& recipe : methods::recipes()) {
    const auto [its_data, its_rest] = halves(recipe.name);
    if (its_data == data) same_data.push_back(its_rest);
    if (its_rest == rest) same_rest.push_back(its_data);
  }
  if (const std::string found = nearest(rest, same_data); !found.empty()) return data + "/" + found;
  const std::string found = nearest(data, same_rest);
  return found.empty() ? "" : found + "/" + rest;
}

void check_recipe(const std::string& name) {
  if (name.empty() || methods::find_recipe(name) != nullptr) return;
  const std::string near = nearest_recipe(name);
  throw Error(fmt::format("--recipe: unknown recipe \"{}\"; {}", name,
                          near.empty() ? "`s4l list recipes` has all" : "did you mean " + near + "?"));
}

/// Without the built-in data set of a layer before one that names pictures: `s4l config` writes it where nothing is
/// said.
std::vector<Layer> with_named_pictures(std::vector<Layer> layers) {
  const auto names = std::find_if(layers.rbegin(), layers.rend(), [](const Layer& layer) {
    const Given* place = find(layer, "data");
    return place != nullptr && !place->text.empty();
  });
  if (names == layers.rend()) return layers;
  for (auto before = std::next(names); before != layers.rend(); ++before)
    std::erase_if(*before, [](const Given& given) { return given.name == "dataset" && given.text == "things"; });
  return layers;
}

/// A table for a stage that the method does not have would have no effect.
void check_stages(const Layer& layer, const std::string& method) {
  const auto count = static_cast<int>(methods::find_method(method).stages.size());
  for (const Given& given : layer)
    check(given.stage <= count, "{}: [stage-{}]: expected {}", given.origin, given.stage,
          count == 0 ? fmt::format("no such table, as {} has one stage", method)
                     : fmt::format("one of the {} stages of {}", count, method));
}

}  // namespace

Layer layer_from_environment() {
  check_environment();
  Layer layer;
  for (const Setting& setting : settings()) {
    const std::string variable = variable_of(setting.option.name);
    if (const char* value = std::getenv(variable.c_str()); value != nullptr && *value != '\0')
      layer.push_back({setting.option.name, value, variable});
  }
  return layer;
}

Layer layer_from_arguments(const Arguments& arguments, const std::optional<std::string>& method) {
  Layer layer;
  if (method) layer.push_back({"method", *method, "METHOD"});
  for (const auto& [name, text] : arguments.values)
    if (find_setting(name) != nullptr) layer.push_back({name, text, "--" + name});
  return layer;
}

void overlay(const Layer& layer, methods::RunOptions& options) {
  const auto apply = [&](int stage) {
    Layer part;
    std::copy_if(layer.begin(), layer.end(), std::back_inserter(part),
                 [stage](const Given& given) { return given.stage == stage; });
    check_no_contradiction(part);
    for (const Given& given : part) {
      try {
        set_from_text(*find_setting(given.name), options, given.text);
      } catch (const Error& error) {
        throw Error(fmt::format("{}: {}", given.origin, error.what()), error.kind());
      }
    }
  };
  apply(0);
  if (options.stage > 0) apply(options.stage);
}

void check_has_data(const std::string& recipe, const std::vector<Layer>& layers) {
  const bool told = !last_word(layers, "data").empty() || !last_word(layers, "dataset").empty();
  check(told || recipe.empty() || recipe.starts_with("things/"),
        "--recipe {}: expected --data FOLDER with the pictures it is for, or --dataset NAME, got neither", recipe);
}

void check_is_there(const char* option, const std::string& path) {
  check(path.empty() || std::filesystem::exists(path), "--{}: there is no file or folder {}", option, path);
}

methods::RunOptions combine(const std::string& recipe, const std::vector<Layer>& given, Origins* origins) {
  const std::vector<Layer> layers = with_named_pictures(given);
  methods::RunOptions options;
  if (const std::string method = last_word(layers, "method"); !method.empty()) options.method = method;
  check_known("method", options.method, names_of(methods::methods()));

  options.dataset = last_word(layers, "dataset");
  const std::string place = last_word(layers, "data");
  check_is_there("data", place);
  if (options.dataset.empty()) options.dataset = place.empty() ? "things" : data::dataset_at(place);
  check_known("dataset", options.dataset, names_of(data::datasets()));

  for (const Layer& layer : layers) check_stages(layer, options.method);
  for (const Layer& layer : layers)  // what the layers say of a stage depends on it
    if (const Given* stage = find(layer, "stage")) overlay({*stage}, options);

  const auto apply = [&](const Layer& layer) {
    overlay(layer, options);
    if (origins == nullptr) return;
    note(layer, 0, *origins);
    if (options.stage > 0) note(layer, options.stage, *origins);
  };
  check_recipe(recipe);
  const std::string name = recipe.empty() ? options.dataset + "/" + options.method : recipe;
  if (const methods::Recipe* preset = methods::find_recipe(name)) {
    Layer layer = layer_from_toml(preset->text, "recipe " + name);
    if (!last_word(layers, "pretrained").empty()) std::erase_if(layer, describes_network);
    apply(layer);
  }
  for (const Layer& layer : layers) apply(layer);
  if (!options.model.empty()) check_known("model", options.model, names_of(nn::models()));
  check_is_there("labels-file", options.labels_file);
  options.pretrained = weights_at(options.pretrained);
  for (const std::string& folder : options.unlabeled) check_is_there("unlabeled", folder);
  // A run is continued and repeated from any folder.
  std::vector<std::string*> paths{&options.data, &options.labels_file, &options.pretrained, &options.pseudo_labels};
  for (std::string& folder : options.unlabeled) paths.push_back(&folder);
  for (std::string* path : paths)
    if (!path->empty()) *path = std::filesystem::absolute(*path).lexically_normal();
  return options;
}

}  // namespace s4l::apps
