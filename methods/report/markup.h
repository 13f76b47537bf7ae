#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace s4l::methods {

/// `text` for HTML and SVG: & < > " escaped, and what is no UTF-8 or no character of XML replaced by U+FFFD.
std::string escaped(std::string_view text);
/// `value` with so many digits after the point, whatever the locale.
std::string fixed(double value, int digits);
/// 2000 as "2,000".
std::string grouped(std::int64_t number);
/// 0.8641 as "86.4 %".
std::string percentage(double share);
/// RFC 4648, for data: addresses.
std::string base64(std::string_view bytes);

}  // namespace s4l::methods
