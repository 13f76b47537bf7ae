#include "s4l/apps/settings.h"

#include <algorithm>

#include "s4l/apps/settings/rows.h"

namespace s4l::apps {
namespace {

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
