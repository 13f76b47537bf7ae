#pragma once
#include <cstdint>
#include <string_view>

namespace s4l::io {

/// CRC-32C (Castagnoli) of `bytes`.
std::uint32_t crc32c(std::string_view bytes);
/// The same as TensorFlow's record files hold it: rotated and shifted, for a CRC of data that holds CRCs is weak.
std::uint32_t masked_crc32c(std::string_view bytes);

}  // namespace s4l::io
