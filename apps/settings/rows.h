#pragma once
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "s4l/apps/settings.h"

namespace s4l::apps {

using methods::RunOptions;

inline constexpr bool kCommon = true, kRare = false;

/// One line of the table of settings: its section, whether --help shows it, name, value, place and help.
struct Row {
  Setting setting;
  Row(std::string section, bool common, std::string name, std::string value, auto place, std::string help) {
    setting.section = std::move(section);
    setting.option = {std::move(name), std::move(value), std::move(help), common, Takes::one, 0, {}, "", false};
    if constexpr (std::is_constructible_v<Field, decltype(place)>)
      setting.place = Field(place);
    else
      setting.place = place;
    if constexpr (std::is_same_v<decltype(place), bool RunOptions::*>) setting.option.takes = Takes::none;
  }
  Row&& letter(char c) && { return setting.option.letter = c, std::move(*this); }
  Row&& aliases(std::vector<std::string> names) && {
    return setting.option.aliases = std::move(names), std::move(*this);
  }
  Row&& free_on_resume() && { return setting.free_on_resume = true, std::move(*this); }
  Row&& chosen_by(std::string what) && { return setting.chosen_by = std::move(what), std::move(*this); }
  Row&& repeatable() && { return setting.option.repeatable = true, std::move(*this); }
};

/// The sections of the table, one file each.
std::vector<Row> data_rows();
std::vector<Row> network_rows();
std::vector<Row> training_rows();
std::vector<Row> method_rows();
std::vector<Row> running_rows();

}  // namespace s4l::apps
