#pragma once
#include <string>
#include <vector>

namespace s4l::data {

/// One argument of an operation as written; `key` is empty where it is given by position.
struct ArgumentText {
  std::string key, value;
  std::size_t place;  ///< of its first character in the pipeline's text
};

struct OperationText {
  std::string name;
  std::vector<ArgumentText> arguments;
  std::size_t place;
};

/// Splits "name | name(value, key=value)" (spec 5.1): white space around names and arguments means nothing.
std::vector<OperationText> parse_pipeline(const std::string& text);
/// Throws a usage Error that shows the text and points at `place` (from 0).
[[noreturn]] void fail_at(const std::string& text, std::size_t place, const std::string& message);

}  // namespace s4l::data
