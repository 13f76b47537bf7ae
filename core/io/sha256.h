#pragma once
#include <cstddef>
#include <string>

namespace s4l::io {

/// SHA-256 of some bytes as 64 hexadecimal digits.
std::string sha256(const void* bytes, std::size_t count);
inline std::string sha256(const std::string& text) { return sha256(text.data(), text.size()); }

}  // namespace s4l::io
