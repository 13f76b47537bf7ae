#include <algorithm>
#include <cmath>

#include "s4l/methods/method.h"
#include "s4l/methods/training/recipes.h"

namespace s4l::methods {

void MethodOption::check_value(const OptionValue& given) const {
  std::string expected;
  for (const char* word : words) expected += (expected.empty() ? "" : ", ") + std::string(word);
  if (!words.empty()) {
    check(std::find(words.begin(), words.end(), given.word) != words.end(), "--{}: expected one of {}, got \"{}\"",
          name, expected, given.word.empty() ? to_text(given.number) : given.word);
    return;
  }
  expected = std::string(whole ? "a whole number, " : "a number, ") + to_text(low);
  expected += std::isinf(high) ? " or more" : " to " + to_text(high);
  check(given.word.empty(), "--{}: expected {}, got \"{}\"", name, expected, given.word);
  const double x = given.number;
  check(std::isfinite(x) && low <= x && x <= high && (!whole || x == std::floor(x)), "--{}: expected {}, got {}", name,
        expected, x);
}

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
    const auto option = std::find_if(entry.options.begin(), entry.options.end(),
                                     [&key = given](const MethodOption& each) { return key == each.name; });
    check(option != entry.options.end(), "{}: expected an option of the method ({}), got \"{}\"", name,
          known.empty() ? "it has none" : known, given);
    option->check_value(value);
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
