#include <fmt/format.h>

#include "s4l/apps/commands.h"
#include "s4l/apps/config.h"
#include "s4l/apps/exit_code.h"
#include "s4l/apps/run_request.h"
#include "s4l/apps/settings.h"
#include "s4l/apps/stages.h"
#include "s4l/core/io/json.h"
#include "s4l/methods/method.h"
#include "s4l/methods/training/run_setup.h"

namespace s4l::apps {
namespace {

CommandLine config_line() {
  CommandLine line{"config",
                   "show every setting of a run and where it comes from",
                   "METHOD",
                   "one of `s4l list methods`",
                   {},
                   {"s4l config rotation", "s4l config rotation --recipe things/rotation-5min --lr 0.05",
                    "s4l config --config runs/rotation-10pct-s0/config.toml --json"}};
  line.note =
      "The output is TOML that `s4l run --config` reads. What is chosen when the run begins is 0 or empty here;\n"
      "`s4l run --dry-run` shows what it becomes.";
  for (const Setting& setting : settings())
    if (setting.option.name != "method") line.options.push_back(setting.option);
  line.options.push_back(config_option());
  line.options.push_back({"recipe", "NAME", "one of `s4l list recipes`, instead of DATASET/METHOD", true});
  line.options.push_back({"json", "", "as JSON", true, Takes::none});
  return line;
}

/// The options of a run, or of each stage of a method of several, and who gave which value.
struct Resolved {
  std::vector<methods::RunOptions> stages;
  std::vector<Origins> origins;
};

Resolved resolve(const Arguments& arguments) {
  const std::string recipe = arguments.get("recipe");
  const std::vector<Layer> layers = layers_from(arguments);
  const methods::RunOptions options = combine(recipe, layers);
  const std::size_t count = asks_for_stages(options) ? methods::find_method(options.method).stages.size() : 1;
  Resolved resolved;
  resolved.origins.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<Layer> own = layers;
    if (count > 1) own.push_back({{"stage", std::to_string(i + 1), "--stage"}});
    resolved.stages.push_back(combine(recipe, own, &resolved.origins[i]));
    methods::check_options(resolved.stages[i]);
  }
  return resolved;
}

/// Who gave the value, or what will choose it when the run begins.
std::string origin_of(const Origins& origins, const Setting& setting, const methods::RunOptions& options) {
  const std::string text = text_of(setting, options);
  if (!setting.chosen_by.empty() && (text.empty() || text == "0")) return "chosen by " + setting.chosen_by;
  const auto found = origins.find(setting.option.name);
  return found == origins.end() ? "default" : found->second;
}

io::Json to_json(const methods::RunOptions& options, const Origins& origins) {
  io::Json json;
  for (const Setting& setting : settings()) {
    if (!is_written(setting, options)) continue;
    io::Json entry;
    entry.set("value", text_of(setting, options));
    entry.set("from", origin_of(origins, setting, options));
    json.set(setting.option.name, entry);
  }
  for (const auto& [key, value] : options.dataset_options)
    json.set(key, io::Json::Object{{"value", value}, {"from", origins.at("data-option")}});
  return json;
}

/// An object with every setting; of a method of several stages one for each: "stage-1", "stage-2".
io::Json to_json(const Resolved& resolved) {
  if (resolved.stages.size() == 1) return to_json(resolved.stages[0], resolved.origins[0]);
  io::Json json;
  for (std::size_t i = 0; i < resolved.stages.size(); ++i)
    json.set(fmt::format("stage-{}", i + 1), to_json(resolved.stages[i], resolved.origins[i]));
  return json;
}

int config(const Arguments& arguments) {
  const Resolved resolved = resolve(arguments);
  if (arguments.on("json"))
    fmt::print("{}\n", to_json(resolved).dump(2));
  else
    fmt::print("{}", to_toml(resolved.stages, [&](const Setting& setting, std::size_t i) {
                 return origin_of(resolved.origins[i], setting, resolved.stages[i]);
               }));
  return kSuccess;
}

}  // namespace

Command config_command() { return {"config", nullptr, config_line, config}; }

}  // namespace s4l::apps
