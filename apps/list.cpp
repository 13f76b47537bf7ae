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
          "methods, models, datasets or recipes; without it all",
          {{"json", "", "as JSON", true, Takes::none}},
          {"s4l list", "s4l list methods", "s4l list recipes --json"}};
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

const std::vector<std::string> kKinds{"methods", "models", "datasets", "recipes"};

Entries entries_called(const std::string& kind) {
  if (kind == "methods") return entries_of(methods::methods());
  if (kind == "models") return entries_of(nn::models());
  if (kind == "datasets") return entries_of(data::datasets());
  return recipe_entries();
}

io::Json json_of(const Entries& entries) {
  io::Json::Array array;
  for (const auto& [name, summary] : entries)
    array.emplace_back(io::Json::Object{{"name", name}, {"summary", summary}});
  return array;
}

std::string text_of(const Entries& entries) {
  Table table;
  for (const auto& [name, summary] : entries) table.row({name, summary});
  return table.text();
}

int list(const Arguments& arguments) {
  const bool json = arguments.on("json");
  if (arguments.positional) {
    check_known("list", *arguments.positional, kKinds);
    const Entries entries = entries_called(*arguments.positional);
    fmt::print("{}", json ? json_of(entries).dump(2) + "\n" : text_of(entries));
    return kSuccess;
  }
  io::Json all;
  std::string text;
  for (const std::string& kind : kKinds) {
    all.set(kind, json_of(entries_called(kind)));
    text += fmt::format("{}{}:\n{}", text.empty() ? "" : "\n", kind, text_of(entries_called(kind)));
  }
  fmt::print("{}", json ? all.dump(2) + "\n" : text);
  return kSuccess;
}

}  // namespace

Command list_command() { return {"list", nullptr, list_line, list}; }

}  // namespace s4l::apps
