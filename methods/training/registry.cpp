#include <algorithm>

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

std::unique_ptr<Method> make_method(const std::string& name, MethodOptions options) {
  const MethodEntry& entry = find_method(name);
  std::string known;
  for (const MethodOption& option : entry.options) known += (known.empty() ? "" : ", ") + std::string(option.name);
  for (const auto& [given, value] : options.values) {
    const auto is_it = [&key = given](const MethodOption& option) { return key == option.name; };
    check(std::any_of(entry.options.begin(), entry.options.end(), is_it),
          "{}: expected an option of the method ({}), got \"{}\"", name, known.empty() ? "it has none" : known, given);
  }
  for (const MethodOption& option : entry.options)
    if (std::none_of(options.values.begin(), options.values.end(),
                     [&](const auto& v) { return v.first == option.name; }))
      options.values.emplace_back(option.name, option.value);
  return entry.make(options);
}

const Recipe* find_recipe(const std::string& name) {
  for (const Recipe& recipe : recipes())
    if (recipe.name == name) return &recipe;
  return nullptr;
}

}  // namespace s4l::methods
