#include "s4l/methods/method.h"
#include "s4l/methods/training/recipes.h"

namespace s4l::methods {

const MethodEntry& find_method(const std::string& name) {
  std::string known;
  for (const MethodEntry& entry : methods()) {
    if (name == entry.name) return entry;
    known += (known.empty() ? "" : ", ") + std::string(entry.name);
  }
  fail(ErrorKind::usage, "method: expected one of {}, got \"{}\"", known, name);
}

const Recipe* find_recipe(const std::string& name) {
  for (const Recipe& recipe : recipes())
    if (recipe.name == name) return &recipe;
  return nullptr;
}

}  // namespace s4l::methods
