#pragma once
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace s4l::methods {

/// What an option of a method is set to: a number, or one of the words that the option lists.
struct OptionValue {
  double number = 0;
  std::string word;  ///< empty: it is the number

  OptionValue() = default;
  template <class Number>
  requires std::is_arithmetic_v<Number> OptionValue(Number value)
      : number(static_cast<double>(value)) {}               // NOLINT: an option's value is written 0.5
  OptionValue(std::string text) : word(std::move(text)) {}  // NOLINT: or "scaled"
  OptionValue(const char* text) : word(text) {}             // NOLINT
};

/// An option a method can be given on the command line: a number in [low, high] (--rot-weight 4) or, where it lists
/// words, one of them (--vat-direction scaled).
struct MethodOption {
  const char* name;
  OptionValue value;  ///< the default
  const char* help;
  std::vector<const char*> aliases = {};  ///< other names that users type
  double low = 0;
  double high = std::numeric_limits<double>::infinity();
  bool whole = false;                   ///< a whole number
  std::vector<const char*> words = {};  ///< not empty: a choice

  /// Throws a usage Error that states the range where `given` lies outside of it.
  void check_value(const OptionValue& given) const;
};

/// 1 or 0.
inline MethodOption on_off(const char* name, bool value, const char* help, std::vector<const char*> aliases = {}) {
  return {.name = name, .value = value, .help = help, .aliases = std::move(aliases), .high = 1, .whole = true};
}

}  // namespace s4l::methods
