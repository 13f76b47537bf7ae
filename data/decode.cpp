#include "s4l/data/decode.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "s4l/core/error.h"
#include "s4l/data/decode_formats.h"
#include "s4l/data/file_tree.h"
#include "s4l/data/orientation.h"

namespace s4l::data {
namespace {

constexpr std::array<std::string_view, 8> kSuffixes{".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".ppm", ".pgm", ".pnm"};

struct Format {
  bool (*begins)(Bytes);
  PictureHeader (*header)(Bytes, const DecodeLimits&);
  Image (*decode)(Bytes, Size stored, Box, const DecodeLimits&);
};
constexpr std::array kFormats{Format{is_jpeg, read_jpeg_header, decode_jpeg},
                              Format{is_png, read_png_header, decode_png}, Format{is_bmp, read_bmp_header, decode_bmp},
                              Format{is_pnm, read_pnm_header, decode_pnm}};

const Format& format_of(Bytes bytes, const DecodeLimits& limits) {
  if (bytes.empty()) fail(ErrorKind::data, "the file is empty");
  if (static_cast<std::int64_t>(bytes.size()) > limits.file_bytes)
    fail(ErrorKind::data, "expected a file of at most {} bytes, got {}", limits.file_bytes, bytes.size());
  for (const Format& format : kFormats)
    if (format.begins(bytes)) return format;
  fail(ErrorKind::data, "expected a JPEG, PNG, BMP, PPM or PGM picture, got other content");
}

}  // namespace

void check_picture_size(std::int64_t height, std::int64_t width, int pixel_bytes, const DecodeLimits& limits) {
  if (height < 1 || width < 1) fail(ErrorKind::data, "expected at least one pixel, got {}x{}", height, width);
  if (height > limits.side || width > limits.side)
    fail(ErrorKind::data, "expected sides of at most {} pixels, got {}x{}", limits.side, height, width);
  const std::int64_t most = std::min(limits.pixels, limits.decoded_bytes / pixel_bytes);
  if (height * width > most) fail(ErrorKind::data, "expected at most {} pixels, got {}x{}", most, height, width);
}

Size picture_size(std::span<const std::uint8_t> bytes, const DecodeLimits& limits) {
  return format_of(bytes, limits).header(bytes, limits).upright();
}

Image decode(std::span<const std::uint8_t> bytes, Box box, const DecodeLimits& limits) {
  const Format& format = format_of(bytes, limits);
  const PictureHeader header = format.header(bytes, limits);
  const Size size = header.upright();
  check(box.top >= 0 && box.left >= 0 && box.height >= 1 && box.width >= 1 && box.height <= size.height - box.top &&
            box.width <= size.width - box.left,
        "decode: expected a box inside {}x{} pixels, got {}x{} at ({}, {})", size.height, size.width, box.height,
        box.width, box.top, box.left);
  const Turn turn(header.orientation);
  return turn.upright(format.decode(bytes, header.stored, turn.stored(box, header.stored), limits));
}

Image decode_whole(std::span<const std::uint8_t> bytes, const DecodeLimits& limits) {
  const Size size = picture_size(bytes, limits);
  return decode(bytes, {0, 0, size.height, size.width}, limits);
}

std::vector<std::uint8_t> read_picture_file(const std::string& path, const DecodeLimits& limits) {
  return read_regular_file(path, limits.file_bytes);
}

bool has_picture_suffix(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  if (dot == std::string::npos) return false;
  std::string suffix = path.substr(dot);
  for (char& c : suffix) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return std::find(kSuffixes.begin(), kSuffixes.end(), suffix) != kSuffixes.end();
}

}  // namespace s4l::data
