#include "s4l/apps/config.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "s4l/apps/nearest.h"
#include "s4l/core/error.h"

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
    if (const toml::array* several = value.as_array(); several != nullptr && name == "unlabeled") {
      for (const toml::node& one : *several) layer.push_back({name, scalar_text(one, origin, name), origin, stage});
      continue;
    }
    layer.push_back({name, scalar_text(value, origin, name), fmt::format("{}: {}", origin, name), stage});
  }
}

// What is written of a stage, by setting: "lr = 0.1\n".
using Lines = std::map<const Setting*, std::string>;

std::vector<Lines> lines_of(const std::vector<methods::RunOptions>& stages, const Remark& remark) {
  std::vector<Lines> all(stages.size());
  for (std::size_t i = 0; i < stages.size(); ++i)
    for (const Setting& setting : settings()) {
      if (!is_written(setting, stages[i]) || (setting.option.name == "stage" && stages.size() > 1)) continue;
      std::string line = fmt::format("{} = {}", setting.option.name, text_of(setting, stages[i], true));
      if (remark) line = fmt::format("{:<40}  # {}", line, remark(setting, i));
      all[i][&setting] = line + "\n";
    }
  return all;
}

/// Whether all stages have the same, from the same place.
bool is_common(const std::vector<Lines>& all, const Setting& setting) {
  const auto first = all[0].find(&setting);
  return first != all[0].end() && std::all_of(all.begin(), all.end(), [&](const Lines& lines) {
           const auto own = lines.find(&setting);
           return own != lines.end() && own->second == first->second;
         });
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

bool is_written(const Setting& setting, const methods::RunOptions& options) {
  const std::string& name = setting.option.name;
  // The other of two ways to say one thing: writing both would contradict.
  const bool has_file = !options.labels_file.empty();
  if (name == (options.epochs > 0 ? "steps" : "epochs")) return false;
  if (name == (options.warmup_epochs > 0 ? "warmup-steps" : "warmup-epochs")) return false;
  if (name == (has_file || options.labels_per_class >= 0 ? "labels" : "labels-per-class")) return false;
  if (name == (has_file ? "labels-per-class" : "labels-file")) return false;
  if (name == "stage" && options.stage == 0) return false;
  if (const auto* method = std::get_if<MethodField>(&setting.place))
    return method->standards.count(options.method) != 0;
  return !std::holds_alternative<Reader>(setting.place);
}

std::string to_toml(const std::vector<methods::RunOptions>& stages, const Remark& remark) {
  const std::vector<Lines> all = lines_of(stages, remark);
  std::string text = "# Everything this run was computed from; `s4l run --config` with this file repeats it.\n";
  std::string section;
  for (const Setting& setting : settings()) {
    if (!is_common(all, setting)) continue;
    if (setting.section != section) text += fmt::format("\n# {}\n", section = setting.section);
    text += all[0].at(&setting);
  }
  const methods::RunOptions& any = stages.at(0);
  std::string places;
  for (const std::string& place : any.unlabeled) places += (places.empty() ? "" : ", ") + quoted(place);
  if (!places.empty()) text += fmt::format("\nunlabeled = [{}]\n", places);
  if (!any.dataset_options.empty()) text += "\n[dataset-options]\n";
  for (const auto& [key, value] : any.dataset_options) text += fmt::format("{} = {}\n", quoted(key), quoted(value));
  for (std::size_t i = 0; i < all.size() && all.size() > 1; ++i) {
    text += fmt::format("\n[stage-{}]\n", i + 1);
    for (const Setting& setting : settings())
      if (all[i].count(&setting) > 0 && !is_common(all, setting)) text += all[i].at(&setting);
  }
  return text;
}

std::string to_toml(const methods::RunOptions& options) { return to_toml(std::vector{options}); }

}  // namespace s4l::apps
