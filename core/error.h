#pragma once
#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>

namespace s4l {

/// What went wrong, so that a program can choose its exit code without reading the message.
enum class ErrorKind {
  usage,    ///< an option, a configuration or an argument is wrong: the caller can mend it
  data,     ///< a picture, a label or a file's content is not what it should be
  io,       ///< the system refused to read or write
  numeric,  ///< a loss or a gradient is not finite
  memory,   ///< there is no room left on a device
};

/// The one exception of the library. The message is one line: what was expected, what came.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message, ErrorKind kind = ErrorKind::usage)
      : std::runtime_error(message), kind_(kind) {}
  ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
};

inline std::string to_text(std::string text) { return text; }
inline std::string to_text(std::string_view text) { return std::string(text); }
inline std::string to_text(const char* text) { return text; }
inline std::string to_text(bool value) { return value ? "true" : "false"; }
inline std::string to_text(int value) { return std::to_string(value); }
inline std::string to_text(long value) { return std::to_string(value); }
inline std::string to_text(long long value) { return std::to_string(value); }
inline std::string to_text(unsigned value) { return std::to_string(value); }
inline std::string to_text(unsigned long value) { return std::to_string(value); }
inline std::string to_text(unsigned long long value) { return std::to_string(value); }
std::string to_text(double value);

/// Replaces each "{}" of `pattern` by the next of `values`.
std::string fill_in(std::string_view pattern, std::initializer_list<std::string> values);

/// Throws Error of `kind`; each "{}" of `pattern` is replaced by the next value (anything with to_text).
template <class... Values>
[[noreturn]] void fail(ErrorKind kind, std::string_view pattern, const Values&... values) {
  throw Error(fill_in(pattern, {to_text(values)...}), kind);
}

/// Throws a usage Error unless `condition` holds. Messages read "op: expected ..., got ...".
template <class... Values>
void check(bool condition, std::string_view pattern, const Values&... values) {
  if (!condition) [[unlikely]]
    fail(ErrorKind::usage, pattern, values...);
}

}  // namespace s4l
