#include <fmt/format.h>

#include "s4l/apps/commands.h"
#include "s4l/apps/config.h"
#include "s4l/apps/exit_code.h"
#include "s4l/apps/run_request.h"
#include "s4l/apps/settings.h"
#include "s4l/core/io/json.h"
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
  line.options.push_back({"config", "FILE", "read settings from a TOML file", true});
  line.options.push_back({"recipe", "NAME", "one of `s4l list recipes`, instead of DATASET/METHOD", true});
  line.options.push_back({"json", "", "as JSON", true, Takes::none});
  return line;
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

int config(const Arguments& arguments) {
  Origins origins;
  const methods::RunOptions options = combine(arguments.get("recipe"), layers_from(arguments), &origins);
  methods::check_options(options);
  if (arguments.on("json"))
    fmt::print("{}\n", to_json(options, origins).dump(2));
  else
    fmt::print("{}", to_toml(options, [&](const std::string& name) {
                 return origin_of(origins, *find_setting(name), options);
               }));
  return kSuccess;
}

}  // namespace

Command config_command() { return {"config", nullptr, config_line, config}; }

}  // namespace s4l::apps
