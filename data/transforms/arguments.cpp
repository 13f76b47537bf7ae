// From the text of an operation to its entry in the table and the values of its arguments.
#include <charconv>
#include <cmath>

#include "s4l/core/nearest.h"
#include "s4l/data/transforms/operation_table.h"

namespace s4l::data {
namespace {

struct Bounds {
  double low, high;
  bool whole;
  const char* expected;
};

Bounds bounds_of(Accepted accepted) {
  switch (accepted) {
    case Accepted::pixels:
      return {1, 16384, true, "a whole number from 1 to 16384"};
    case Accepted::copies:
      return {1, 64, true, "a whole number from 1 to 64"};
    case Accepted::level:
      return {1, 11, true, "a whole number from 1 to 11"};
    case Accepted::times:
      return {1, 16, true, "a whole number from 1 to 16"};
    case Accepted::share:
      return {std::numeric_limits<double>::min(), 1, false, "a number above 0, at most 1"};
    case Accepted::probability:
      return {0, 1, false, "a number from 0 to 1"};
    default:
      return {-1e6, 1e6, false, "a number from -1000000 to 1000000"};
  }
}

double value_of(const std::string& text, const ArgumentText& argument, Accepted accepted) {
  if (accepted == Accepted::word || accepted == Accepted::flag) return 1;
  const Bounds bounds = bounds_of(accepted);
  const std::string& digits = argument.value;
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool is_number = error == std::errc() && end == digits.data() + digits.size();
  if (!is_number || !(value >= bounds.low && value <= bounds.high) || (bounds.whole && value != std::floor(value)))
    fail_at(text, argument.place, std::string("expected ") + bounds.expected + ", got \"" + digits + '"');
  return value;
}

/// Which of the operation's arguments is given: a flag by its name, another by key or position.
std::size_t slot_of(const ArgumentText& given, const Operation& operation, std::size_t& position) {
  const auto& all = operation.arguments;
  const bool is_positional = given.key.empty();
  const auto named = [&](const std::string& name, bool flag) {
    std::size_t i = 0;
    while (i < all.size() && !(name == all[i].key && (all[i].accepted == Accepted::flag) == flag)) ++i;
    return i;
  };
  if (!is_positional) return named(given.key, false);
  if (const std::size_t i = named(given.value, true); i < all.size()) return i;
  const std::size_t i = position++;
  return i < all.size() && all[i].accepted == Accepted::flag ? all.size() : i;
}

const std::vector<std::string>& names() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> names;
    for (const Operation& operation : operations()) names.emplace_back(operation.name);
    return names;
  }();
  return all;
}

}  // namespace

std::string Operation::usage() const {
  if (arguments.empty()) return std::string(name) + " without arguments";
  std::string list;
  for (const Argument& argument : arguments) {
    const std::string next = (list.empty() ? "" : ", ") + std::string(argument.key);
    list += std::isnan(argument.standard) ? next : "[" + next + "]";
  }
  return std::string(name) + "(" + list + ")";
}

const Operation& find_operation(const std::string& text, const OperationText& given) {
  for (const Operation& operation : operations())
    if (given.name == operation.name) return operation;
  const std::string meant = nearest(given.name, names());
  std::string known;
  if (meant.empty())
    for (const std::string& name : names()) known += (known.empty() ? "" : ", ") + name;
  fail_at(text, given.place,
          "unknown operation \"" + given.name + "\"; " +
              (meant.empty() ? "known are " + known : "did you mean \"" + meant + "\"?"));
}

Values values_of(const std::string& text, const OperationText& given, const Operation& operation) {
  const auto& all = operation.arguments;
  std::vector<const ArgumentText*> found(all.size());
  std::size_t position = 0;
  for (const ArgumentText& argument : given.arguments) {
    const std::size_t i = slot_of(argument, operation, position);
    if (i >= all.size()) fail_at(text, argument.place, "expected " + operation.usage());
    if (found[i]) fail_at(text, argument.place, std::string("a second value for ") + all[i].key);
    found[i] = &argument;
  }
  Values values;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!found[i] && std::isnan(all[i].standard)) fail_at(text, given.place, "expected " + operation.usage());
    if (found[i])
      values.push_back(value_of(text, *found[i], all[i].accepted));
    else
      values.push_back(all[i].standard == kSameAsBefore ? values.back() : all[i].standard);
  }
  return values;
}

}  // namespace s4l::data
