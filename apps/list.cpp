#include <fmt/format.h>

#include "s4l/apps/commands.h"
#include "s4l/apps/exit_code.h"
#include "s4l/apps/nearest.h"
#include "s4l/core/error.h"
#include "s4l/core/io/json.h"
#include "s4l/data/dataset.h"
#include "s4l/methods/method.h"
#include "s4l/methods/training/recipes.h"
#include "s4l/nn/models/model.h"
#include "s4l/apps/table.h"

namespace s4l::apps {
namespace {

CommandLine list_line() {
  return {"list",
          "list what this build has",
          "WHAT",
          "methods, models, datasets or recipes",
          {{"json", "", "as JSON", true, Takes::none}},
          {"s4l list methods", "s4l list models", "s4l list recipes --json"}};
}

using Entries = std::vector<std::pair<std::string, std::string>>;

template <class Registry>
Entries entries_of(const Registry& registry) {
  Entries entries;
  for (const auto& entry : registry) entries.emplace_back(entry.name, entry.summary);
  return entries;
}

// A recipe's first line is a comment that says what it is for.
Entries recipe_entries() {
  Entries entries;
  for (const methods::Recipe& recipe : methods::recipes()) {
    const std::string first = recipe.text.substr(0, recipe.text.find('\n'));
    entries.emplace_back(recipe.name, first.starts_with("# ") ? first.substr(2) : "");
  }
  return entries;
}

Entries entries_called(const std::string& what) {
  check_known("list", what, {"methods", "models", "datasets", "recipes"});
  if (what == "methods") return entries_of(methods::methods());
  if (what == "models") return entries_of(nn::models());
  if (what == "datasets") return entries_of(data::datasets());
  return recipe_entries();
}

int list(const Arguments& arguments) {
  check(arguments.positional.has_value(), "s4l list: expected methods, models, datasets or recipes");
  Table table;
  io::Json::Array array;
  for (const auto& [name, summary] : entries_called(*arguments.positional)) {
    table.row({name, summary});
    io::Json entry;
    entry.set("name", name);
    entry.set("summary", summary);
    array.push_back(entry);
  }
  fmt::print("{}", arguments.has("json") ? io::Json(array).dump(2) + "\n" : table.text());
  return kSuccess;
}

}  // namespace

Command list_command() { return {"list", nullptr, list_line, list}; }

}  // namespace s4l::apps
