#include <algorithm>

#include "s4l/apps/settings/rows.h"
#include "s4l/methods/method.h"

namespace s4l::apps {

std::vector<Row> method_rows() {
  std::vector<Row> rows;
  for (const methods::MethodEntry& method : methods::methods())
    for (const methods::MethodOption& option : method.options) {
      auto row =
          std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return r.setting.option.name == option.name; });
      if (row == rows.end()) {
        rows.push_back(Row("method", kCommon, option.name, "X", MethodField{}, option.help));
        row = rows.end() - 1;
      }
      std::get<MethodField>(row->setting.place).standards[method.name] = option.value;
      row->setting.option.help += std::string(" (") + method.name + ")";
      if (row->setting.option.name == "rot-weight") row->setting.option.aliases = {"rot-loss-weight", "ulb-loss-ratio"};
    }
  return rows;
}

}  // namespace s4l::apps
