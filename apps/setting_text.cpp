// Settings to text and back: the types a setting can have and nothing else.
#include <charconv>
#include <cmath>
#include <limits>
#include <type_traits>

#include "s4l/apps/settings.h"
#include "s4l/core/error.h"

namespace s4l::apps {
namespace {

template <class Number>
Number parsed(const std::string& text, const char* expected) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  check(error == std::errc() && stop == end && !text.empty(), "expected {}, got \"{}\"", expected, text);
  return value;
}

void read(double& value, const std::string& text) { value = parsed<double>(text, "a number"); }
void read(std::int64_t& value, const std::string& text) { value = parsed<std::int64_t>(text, "a whole number"); }
void read(int& value, const std::string& text) { value = parsed<int>(text, "a whole number"); }
void read(std::string& value, const std::string& text) { value = text; }
void read(std::uint64_t& value, const std::string& text) {
  value = parsed<std::uint64_t>(text, "a whole number, 0 or more");
  // TOML's integers end there, and config.toml must hold every seed.
  check(value <= std::uint64_t{std::numeric_limits<std::int64_t>::max()}, "expected at most 2^63 - 1, got {}", text);
}
void read(bool& value, const std::string& text) {
  check(text == "true" || text == "false", "expected true or false, got \"{}\"", text);
  value = text == "true";
}

std::string number_text(auto value) {
  char digits[32];
  if constexpr (std::is_same_v<decltype(value), double>) {
    if (std::isnan(value)) return "nan";
    // As a whole number it would be one that TOML's integers cannot hold.
    if (std::abs(value) >= 1e15)
      return std::string(digits,
                         std::to_chars(digits, digits + sizeof digits, value, std::chars_format::scientific).ptr);
  }
  return std::string(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);  // shortest that reads back
}

std::string write(const std::string& value, bool toml) { return toml ? quoted(value) : value; }
std::string write(bool value, bool) { return value ? "true" : "false"; }
std::string write(auto value, bool) { return number_text(value); }

}  // namespace

std::string quoted(const std::string& text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      out += std::string{'\\', c};
    else if (byte < 0x20 || byte == 0x7F)
      out += std::string("\\u00") + kHex[byte / 16] + kHex[byte % 16];
    else
      out += c;
  }
  return out + "\"";
}

double number_from(const std::string& origin, const std::string& text) {
  try {
    return parsed<double>(text, "a number");
  } catch (const Error& error) {
    throw Error(origin + ": " + error.what());
  }
}

void set_from_text(const Setting& setting, methods::RunOptions& options, const std::string& text) {
  if (const auto* reader = std::get_if<Reader>(&setting.place)) return reader->set(options, text);
  if (const auto* method = std::get_if<MethodField>(&setting.place)) {
    check(method->standards.count(options.method) != 0, "an option of the method {}, not of {}",
          method->standards.begin()->first, options.method);
    methods::OptionValue& value = options.method_options[setting.option.name];
    return method->choice ? read(value.word, text) : read(value.number, text);
  }
  std::visit([&](auto member) { read(options.*member, text); }, std::get<Field>(setting.place));
  // Two ways to say one thing: the later word counts.
  if (setting.option.name == "labels") options.labels_per_class = -1;
  if (setting.option.name == "labels" || setting.option.name == "labels-per-class") options.labels_file.clear();
  if (setting.option.name == "steps") options.epochs = 0;
  if (setting.option.name == "warmup-steps") options.warmup_epochs = 0;
}

std::string text_of(const Setting& setting, const methods::RunOptions& options, bool toml) {
  if (std::holds_alternative<Reader>(setting.place)) return "";
  if (const auto* method = std::get_if<MethodField>(&setting.place)) {
    const auto given = options.method_options.find(setting.option.name);
    const auto own = method->standards.find(options.method);
    const methods::OptionValue& value = given != options.method_options.end() ? given->second
                                        : own != method->standards.end()      ? own->second
                                                                              : method->standards.begin()->second;
    return method->choice ? write(value.word, toml) : number_text(value.number);
  }
  return std::visit([&](auto member) { return write(options.*member, toml); }, std::get<Field>(setting.place));
}

}  // namespace s4l::apps
