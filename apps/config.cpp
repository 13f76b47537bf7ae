#include "s4l/apps/config.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "s4l/apps/nearest.h"
#include "s4l/core/error.h"
#include "s4l/apps/settings.h"

namespace s4l::apps {
namespace {

std::string at_line(const std::string& source, const toml::source_region& region) {
  return fmt::format("{}:{}", source, region.begin.line);
}

// A plain value as the text that the command line would have.
std::string scalar_text(const toml::node& node, const std::string& origin, const std::string& key) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* whole = node.as_integer()) return std::to_string(whole->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  throw Error(fmt::format("{}: {}: expected a text, a number, true or false", origin, key));
}

void add_dataset_options(const toml::node& node, const std::string& source, Layer& layer) {
  const toml::table* table = node.as_table();
  check(table != nullptr, "{}: dataset-options: expected a table", at_line(source, node.source()));
  for (const auto& [key, value] : *table) {
    const std::string origin = at_line(source, value.source()), name(key.str());
    layer.push_back({"data-option", name + "=" + scalar_text(value, origin, name), origin});
  }
}

void check_key(const std::string& key, const std::string& origin) {
  const Setting* setting = find_setting(key);
  if (setting != nullptr && setting->option.name != "data-option") return;
  std::vector<std::string> known{"dataset-options"};
  for (const Setting& each : settings()) known.push_back(each.option.name);
  throw Error(fmt::format("{}: unknown key \"{}\"{}", origin, key, did_you_mean(key, known)));
}

// "stage-2" is 2; no stage is 0.
int stage_of(const std::string& name) {
  constexpr std::string_view kPrefix = "stage-";
  const bool one_digit = name.size() == kPrefix.size() + 1 && '1' <= name.back() && name.back() <= '9';
  return one_digit && name.starts_with(kPrefix) ? name.back() - '0' : 0;
}

void add_table(const toml::table& table, const std::string& source, int stage, Layer& layer) {
  for (const auto& [key, value] : table) {
    std::string name(key.str());
    std::replace(name.begin(), name.end(), '_', '-');
    if (name == "dataset-options") {
      add_dataset_options(value, source, layer);
      continue;
    }
    const std::string origin = at_line(source, value.source());
    if (const toml::table* part = value.as_table(); part != nullptr && stage == 0 && stage_of(name) > 0) {
      add_table(*part, source, stage_of(name), layer);
      continue;
    }
    check_key(name, origin);
    layer.push_back({name, scalar_text(value, origin, name), fmt::format("{}: {}", origin, name), stage});
  }
}

// The settings that config.toml holds: not the other of two ways to say one thing, nor another method's options.
template <class Body>
void each_written(const methods::RunOptions& options, const Body& body) {
  const std::string silent_length = options.epochs > 0 ? "steps" : "epochs";
  const std::string silent_labels = options.labels_per_class >= 0 ? "labels" : "labels-per-class";
  for (const Setting& setting : settings()) {
    const std::string& name = setting.option.name;
    if (std::holds_alternative<Reader>(setting.place) || name == silent_length || name == silent_labels) continue;
    if (name == "stage" && options.stage == 0) continue;
    const auto* method = std::get_if<MethodField>(&setting.place);
    if (method != nullptr && method->standards.count(options.method) == 0) continue;
    body(setting, fmt::format("{} = {}\n", name, text_of(setting, options, true)));
  }
}

}  // namespace

Layer layer_from_toml(const std::string& text, const std::string& source) {
  toml::table table;
  try {
    table = toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw Error(fmt::format("{}: {}", at_line(source, error.source()), error.description()));
  }
  Layer layer;
  add_table(table, source, 0, layer);
  return layer;
}

std::string to_toml(const methods::RunOptions& options) { return to_toml(options, {}); }

std::string to_toml(const methods::RunOptions& all, const std::vector<methods::RunOptions>& stages) {
  std::string text = "# Everything this run was computed from; `s4l run --config` with this file repeats it.\n";
  std::string section;
  std::set<std::string> common;
  each_written(all, [&](const Setting& setting, const std::string& line) {
    if (setting.section != section) text += fmt::format("\n# {}\n", section = setting.section);
    text += line;
    common.insert(line);
  });
  if (!all.dataset_options.empty()) text += "\n[dataset-options]\n";
  for (const auto& [key, value] : all.dataset_options) text += fmt::format("{} = {}\n", quoted(key), quoted(value));
  for (std::size_t i = 0; i < stages.size(); ++i) {
    text += fmt::format("\n[stage-{}]\n", i + 1);
    each_written(stages[i], [&](const Setting& setting, const std::string& line) {
      if (setting.option.name != "stage" && common.count(line) == 0) text += line;
    });
  }
  return text;
}

}  // namespace s4l::apps
