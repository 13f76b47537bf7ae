#include <algorithm>

#include "s4l/apps/settings/rows.h"
#include "s4l/methods/method.h"

namespace s4l::apps {
namespace {

std::string word_for_value(const methods::MethodOption& option) {
  std::string words;
  for (const char* word : option.words) words += (words.empty() ? "" : "|") + std::string(word);
  return !words.empty() ? words : option.whole ? "N" : "X";
}

}  // namespace

std::vector<Row> method_rows() {
  std::vector<Row> rows;
  for (const methods::MethodEntry& method : methods::methods())
    for (const methods::MethodOption& option : method.options) {
      auto row =
          std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return r.setting.option.name == option.name; });
      if (row == rows.end()) {
        MethodField field;
        field.choice = !option.words.empty();
        rows.push_back(Row("method", kCommon, option.name, word_for_value(option), field, option.help)
                           .aliases({option.aliases.begin(), option.aliases.end()}));
        row = rows.end() - 1;
      }
      std::get<MethodField>(row->setting.place).standards[method.name] = option.value;
    }
  for (Row& row : rows) {
    std::string names;
    for (const auto& [name, value] : std::get<MethodField>(row.setting.place).standards)
      names += (names.empty() ? "" : ", ") + name;
    row.setting.option.help += " (" + names + ")";
  }
  return rows;
}

}  // namespace s4l::apps
