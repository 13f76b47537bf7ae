#include "s4l/methods/report/markup.h"

#include <array>
#include <charconv>
#include <cstdint>

namespace s4l::methods {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

std::uint32_t byte_at(std::string_view text, std::size_t i) {
  return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
}

/// Length of the UTF-8 character that begins at `i`, 0 if none does (RFC 3629).
std::size_t character_length(std::string_view text, std::size_t i) {
  const std::uint32_t first = byte_at(text, i);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  std::uint32_t code = first & (0x7Fu >> length);
  for (std::size_t k = 1; k < length; ++k) {
    if ((byte_at(text, i + k) & 0xC0) != 0x80) return 0;
    code = (code << 6) | (byte_at(text, i + k) & 0x3F);
  }
  constexpr std::array<std::uint32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code < 0xE000, not_a_character = (code & 0xFFFE) == 0xFFFE;
  return code < kLeast[length] || code > 0x10FFFF || surrogate || not_a_character || first < 0xC2 ? 0 : length;
}

std::string_view entity(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    default:
      return c == '\t' || c == '\n' || static_cast<unsigned char>(c) >= 0x20 ? "" : kReplacement;
  }
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = character_length(text, i);
    const std::string_view instead = length == 0 ? kReplacement : entity(text[i]);
    out += instead.empty() ? text.substr(i, length) : instead;
    i += length == 0 ? 1 : length;
  }
  return out;
}

std::string fixed(double value, int digits) {
  std::array<char, 400> text;  // the largest double has 309 digits
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, digits).ptr;
  return {text.data(), end};
}

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(), left = number < 0 ? 1 : 0; at > left + 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string percentage(double share) { return fixed(100 * share, 1) + " %"; }

std::string base64(std::string_view bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::uint32_t three = byte_at(bytes, i) << 16 | byte_at(bytes, i + 1) << 8 | byte_at(bytes, i + 2);
    for (const int shift : {18, 12, 6, 0}) text += kDigits[(three >> shift) & 63];
  }
  if (bytes.size() % 3 != 0)
    text.replace(text.size() - (3 - bytes.size() % 3), std::string::npos, 3 - bytes.size() % 3, '=');
  return text;
}

}  // namespace s4l::methods
