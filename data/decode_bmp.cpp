#include <algorithm>
#include <vector>

#include "s4l/core/error.h"
#include "s4l/data/decode_formats.h"

namespace s4l::data {
namespace {

constexpr std::size_t kFileHeader = 14, kOldInfo = 12, kInfo = 40;

std::uint32_t little(Bytes bytes, std::size_t at, int size) {
  std::uint32_t value = 0;
  for (int i = size; i-- > 0;) value = value << 8 | bytes[at + static_cast<std::size_t>(i)];
  return value;
}

struct BmpHeader {
  Size size;
  int bits = 0;             ///< of a pixel
  std::size_t colours = 0;  ///< in the palette, where there may be one
  std::size_t first = 0;    ///< byte of the pixels
  std::size_t stride = 0;   ///< bytes of a row with its padding
};

BmpHeader fields_of(Bytes bytes, const DecodeLimits& limits) {
  if (bytes.size() < kFileHeader + kInfo) fail(ErrorKind::data, "BMP: the file ends inside its header");
  const std::size_t info = little(bytes, kFileHeader, 4);
  const bool old = info == kOldInfo;
  const int field = old ? 2 : 4;
  std::int64_t width = little(bytes, kFileHeader + 4, field), height = little(bytes, kFileHeader + 4 + field, field);
  if (!old && height > INT32_MAX) height = (std::int64_t{1} << 32) - height;  // negative: rows from top to bottom
  check_picture_size(height, width, 8, limits);
  BmpHeader header;
  header.size = {static_cast<int>(height), static_cast<int>(width)};
  header.bits = static_cast<int>(little(bytes, kFileHeader + (old ? 10 : 14), 2));
  header.first = little(bytes, 10, 4);
  if (header.first < kFileHeader + info) fail(ErrorKind::data, "BMP: the header is damaged");
  header.colours = (header.first - kFileHeader - info) / (old ? 3 : 4);
  header.stride = (static_cast<std::size_t>(width) * static_cast<std::size_t>(header.bits) + 31) / 32 * 4;
  return header;
}

/// The largest place in the palette that a row of 8, 4 or 1 bit pixels may name.
std::size_t largest_colour(Bytes row, int bits) {
  if (bits == 1) return 1;
  std::uint8_t largest = 0;
  for (const std::uint8_t byte : row)
    largest = std::max(largest, bits == 8 ? byte : std::max<std::uint8_t>(byte >> 4, byte & 0xF));
  return largest;
}

}  // namespace

bool is_bmp(Bytes bytes) { return bytes.size() >= 2 && bytes[0] == 'B' && bytes[1] == 'M'; }

PictureHeader read_bmp_header(Bytes bytes, const DecodeLimits& limits) {
  const BmpHeader header = fields_of(bytes, limits);
  const auto height = static_cast<std::size_t>(header.size.height), width = static_cast<std::size_t>(header.size.width);
  if (header.bits > 32 || header.first > bytes.size() || (bytes.size() - header.first) / height < header.stride)
    fail(ErrorKind::data, "BMP: the file is truncated or its header damaged");
  for (std::size_t y = 0; header.bits <= 8 && y < height; ++y) {
    const std::size_t row_bytes = (width * static_cast<std::size_t>(header.bits) + 7) / 8;
    const Bytes row = bytes.subspan(header.first + y * header.stride, row_bytes);
    if (largest_colour(row, header.bits) >= header.colours)  // stb_image would read beyond what it has set
      fail(ErrorKind::data, "BMP: expected a palette of every colour in use, got {} colours", header.colours);
  }
  return {header.size};
}

Image decode_bmp(Bytes bytes, Size stored, Box box, const DecodeLimits& limits) {
  if (little(bytes, kFileHeader, 4) != kOldInfo) return decode_with_stb(bytes, stored, box);
  // stb_image takes an old header for twice as long when it counts colours, and would leave the last four unset.
  const std::size_t first = fields_of(bytes, limits).first;
  std::vector<std::uint8_t> longer(bytes.begin(), bytes.end());
  longer.insert(longer.begin() + static_cast<std::ptrdiff_t>(first), kOldInfo, 0);
  for (std::size_t i = 0; i < 4; ++i) longer[10 + i] = static_cast<std::uint8_t>((first + kOldInfo) >> (8 * i));
  return decode_with_stb(longer, stored, box);
}

}  // namespace s4l::data
