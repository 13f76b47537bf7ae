#include "s4l/apps/settings.h"

#include <algorithm>
#include <map>

#include "s4l/apps/settings/rows.h"

namespace s4l::apps {
namespace {

// Methods may share an option and have each its own default.
bool has_one_default(const Setting& setting) {
  const auto* method = std::get_if<MethodField>(&setting.place);
  if (method == nullptr) return true;
  const methods::OptionValue& first = method->standards.begin()->second;
  return std::all_of(method->standards.begin(), method->standards.end(), [&](const auto& standard) {
    return standard.second.number == first.number && standard.second.word == first.word;
  });
}

std::vector<Setting> make_settings() {
  std::vector<Setting> all;
  // The method comes first in config.toml and is no option: it is the command's argument.
  all.push_back(Row("run", kCommon, "method", "METHOD", &RunOptions::method, "").setting);
  all.push_back(Row("run", kRare, "stage", "N", &RunOptions::stage,
                    "of a method with several: this one alone; 0: one after another")
                    .setting);
  for (auto rows : {data_rows, network_rows, training_rows, method_rows, running_rows})
    for (Row& row : rows()) all.push_back(std::move(row.setting));
  const RunOptions standard;
  for (Setting& setting : all) {
    if (!has_one_default(setting)) continue;  // each method's page tells its own
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
  static const std::map<std::string, const Setting*> by_name = [] {
    std::map<std::string, const Setting*> all;
    for (const Setting& setting : settings()) {
      all.emplace(setting.option.name, &setting);
      for (const std::string& alias : setting.option.aliases) all.emplace(alias, &setting);
    }
    return all;
  }();
  std::replace(name.begin(), name.end(), '_', '-');
  const auto found = by_name.find(name);
  return found == by_name.end() ? nullptr : found->second;
}

}  // namespace s4l::apps
