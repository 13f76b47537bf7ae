#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace s4l::io {

/// A JSON value. Objects keep the order of their keys. Reading is the library nlohmann-json's work, in json.cpp alone.
class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;

  Json() = default;
  Json(bool value) : value_(value) {}
  Json(double value) : value_(value) {}
  Json(std::int64_t value) : value_(value) {}
  Json(int value) : value_(std::int64_t{value}) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(Array value) : value_(std::move(value)) {}
  Json(Object value) : value_(std::move(value)) {}

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_object() const { return std::holds_alternative<Object>(value_); }
  bool is_array() const { return std::holds_alternative<Array>(value_); }
  bool is_string() const { return std::holds_alternative<std::string>(value_); }
  bool is_integer() const { return std::holds_alternative<std::int64_t>(value_); }
  bool is_number() const { return is_integer() || std::holds_alternative<double>(value_); }

  /// The value as that type; an error says what was expected.
  const Object& object() const;
  const Array& array() const;
  const std::string& string() const;
  std::int64_t integer() const;
  double number() const;  ///< integers too
  bool boolean() const;

  /// The member `key` of an object, or null if there is none.
  const Json* find(const std::string& key) const;
  /// The member `key`; an error names it if there is none.
  const Json& at(const std::string& key) const;
  /// Sets a member of an object (a null value becomes an object first).
  void set(const std::string& key, Json value);

  /// Text without line breaks, or with `indent` spaces a level. Numbers read back equal; NaN and infinity become null.
  std::string dump(int indent = -1) const;

 private:
  template <class T>
  const T& as(const char* name) const;

  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> value_;
};

/// Reads JSON text of at most `max_depth` nested levels; an error says where it is wrong. A key that comes
/// twice is an error. Integers beyond 64 bits become floating numbers.
Json parse_json(const std::string& text, int max_depth = 64);

}  // namespace s4l::io
