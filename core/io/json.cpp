#include "s4l/core/io/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "s4l/core/error.h"

namespace s4l::io {
namespace {

void refuse_duplicate_keys(const Json::Object& object) {
  std::vector<std::string_view> keys;
  for (const auto& [key, value] : object) keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  const auto twice = std::adjacent_find(keys.begin(), keys.end());
  if (twice != keys.end()) fail(ErrorKind::data, "json: expected each key once, got \"{}\" twice", *twice);
}

/// Receives the parser's events; open arrays and objects wait on a stack until they end.
class Builder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Builder(int max_depth) : max_depth_(static_cast<std::size_t>(max_depth)) {}
  Json take() { return std::move(root_); }

  bool null() override { return add({}); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(std::int64_t value) override { return add(value); }
  bool number_unsigned(std::uint64_t value) override {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      return add(static_cast<double>(value));
    return add(static_cast<std::int64_t>(value));
  }
  bool number_float(double value, const std::string&) override { return add(value); }
  bool string(std::string& value) override { return add(std::move(value)); }
  bool binary(nlohmann::json::binary_t&) override { return false; }  // no such thing in text

  bool start_object(std::size_t) override { return open(true); }
  bool key(std::string& key) override {
    open_.back().keys.push_back(std::move(key));
    return true;
  }
  bool start_array(std::size_t) override { return open(false); }
  bool end_array() override { return close(); }
  bool end_object() override { return close(); }

  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) override {
    std::string reason = error.what();
    reason.erase(0, reason.find("] ") + 2);  // the library's own error number
    if (reason.size() > 200) reason = reason.substr(0, 200) + "...";
    fail(ErrorKind::data, "json: {}", reason);
  }

 private:
  struct Open {
    bool is_object;
    std::vector<std::string> keys;
    Json::Array values;
  };

  bool open(bool is_object) {
    if (open_.size() == max_depth_) fail(ErrorKind::data, "json: expected at most {} nested levels", max_depth_);
    open_.push_back({is_object, {}, {}});
    return true;
  }

  bool close() {
    Open ended = std::move(open_.back());
    open_.pop_back();
    if (!ended.is_object) return add(std::move(ended.values));
    Json::Object object;
    for (std::size_t i = 0; i < ended.keys.size(); ++i)
      object.emplace_back(std::move(ended.keys[i]), std::move(ended.values[i]));
    refuse_duplicate_keys(object);
    return add(std::move(object));
  }

  bool add(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else {
      open_.back().values.push_back(std::move(value));
    }
    return true;
  }

  std::size_t max_depth_;
  std::vector<Open> open_;
  Json root_;
};

/// Bytes of the UTF-8 character at the start of `text`; 0 if it is none.
std::size_t character_size(std::string_view text) {
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  if (at(0) < 0x80) return 1;
  const std::size_t size = at(0) < 0xc2 ? 0 : at(0) < 0xe0 ? 2 : at(0) < 0xf0 ? 3 : at(0) < 0xf5 ? 4 : 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((at(i) & 0xc0) != 0x80) return 0;
  const bool too_long = (at(0) == 0xe0 && at(1) < 0xa0) || (at(0) == 0xf0 && at(1) < 0x90);
  const bool not_unicode = (at(0) == 0xed && at(1) >= 0xa0) || (at(0) == 0xf4 && at(1) >= 0x90);
  return too_long || not_unicode ? 0 : size;
}

void write_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    const auto byte = static_cast<unsigned char>(text[0]);
    if (byte == '"' || byte == '\\') {
      out += {'\\', text[0]};
    } else if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\t') {
      out += "\\t";
    } else if (byte < 0x20) {
      out += {'\\', 'u', '0', '0', "01"[byte >> 4], "0123456789abcdef"[byte & 15]};
    } else {
      out += size == 0 ? std::string_view("\xef\xbf\xbd") : text.substr(0, size);  // U+FFFD for a stray byte
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  out += '"';
}

/// The shortest digits that read back equal, and always as a floating number.
void write_number(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  char digits[32];
  const std::string_view text(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

void write_value(std::string& out, const Json& json, int indent, int level);

/// Items between two brackets; `write_item(i)` writes the i-th.
template <class WriteItem>
void write_list(std::string& out, std::string_view brackets, std::size_t count, int indent, int level,
                WriteItem write_item) {
  const auto new_line = [&](int depth) {
    if (indent >= 0 && count > 0) out += "\n" + std::string(static_cast<std::size_t>(indent * depth), ' ');
  };
  out += brackets[0];
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) out += ',';
    new_line(level + 1);
    write_item(i);
  }
  new_line(level);
  out += brackets[1];
}

void write_value(std::string& out, const Json& json, int indent, int level) {
  if (json.is_object()) {
    const auto& object = json.object();
    write_list(out, "{}", object.size(), indent, level, [&](std::size_t i) {
      write_string(out, object[i].first);
      out += indent < 0 ? ":" : ": ";
      write_value(out, object[i].second, indent, level + 1);
    });
  } else if (json.is_array()) {
    const auto& array = json.array();
    write_list(out, "[]", array.size(), indent, level,
               [&](std::size_t i) { write_value(out, array[i], indent, level + 1); });
  } else if (json.is_string()) {
    write_string(out, json.string());
  } else if (json.is_integer()) {
    out += std::to_string(json.integer());
  } else if (json.is_number()) {
    write_number(out, json.number());
  } else {
    out += json.is_null() ? "null" : json.boolean() ? "true" : "false";
  }
}

}  // namespace

template <class T>
const T& Json::as(const char* name) const {
  if (const T* value = std::get_if<T>(&value_)) return *value;
  std::string text = dump();
  if (text.size() > 60) text = text.substr(0, 60) + "...";
  fail(ErrorKind::data, "json: expected {}, got {}", name, text);
}

const Json::Object& Json::object() const { return as<Object>("an object"); }
const Json::Array& Json::array() const { return as<Array>("an array"); }
const std::string& Json::string() const { return as<std::string>("a string"); }
std::int64_t Json::integer() const { return as<std::int64_t>("an integer"); }
double Json::number() const { return is_integer() ? static_cast<double>(integer()) : as<double>("a number"); }
bool Json::boolean() const { return as<bool>("true or false"); }

const Json* Json::find(const std::string& key) const {
  for (const auto& [name, value] : object())
    if (name == key) return &value;
  return nullptr;
}

const Json& Json::at(const std::string& key) const {
  const Json* value = find(key);
  if (value == nullptr) fail(ErrorKind::data, "json: expected a member \"{}\", got none", key);
  return *value;
}

void Json::set(const std::string& key, Json value) {
  if (is_null()) value_ = Object{};
  object();
  for (auto& [name, old] : std::get<Object>(value_)) {
    if (name != key) continue;
    old = std::move(value);
    return;
  }
  std::get<Object>(value_).emplace_back(key, std::move(value));
}

std::string Json::dump(int indent) const {
  std::string text;
  write_value(text, *this, indent, 0);
  return text;
}

Json parse_json(const std::string& text, int max_depth) {
  Builder builder(max_depth);
  nlohmann::json::sax_parse(text, &builder);
  return builder.take();
}

}  // namespace s4l::io
