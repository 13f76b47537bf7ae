#pragma once
#include <span>
#include <string>

#include "s4l/data/image.h"

namespace s4l::data {

/// What a picture file may claim before anything is allocated (reliability: checked against the header alone).
struct DecodeLimits {
  std::int64_t file_bytes = std::int64_t{256} << 20;
  int side = 16384;
  std::int64_t pixels = std::int64_t{1} << 26;
  std::int64_t decoded_bytes = std::int64_t{512} << 20;
  int jpeg_scans = 100;
  std::int64_t png_chunk_bytes = std::int64_t{64} << 20;
};

/// Height and width of the upright picture from the header of JPEG, PNG, BMP, PPM or PGM bytes. Throws Error(data) with
/// the reason if the header is damaged or beyond the limits.
Size picture_size(std::span<const std::uint8_t> bytes, const DecodeLimits& limits = {});
/// The pixels inside `box` of the upright picture as RGB; grey, palette, 16 bit and CMYK become RGB8, alpha goes over
/// white. Any decoder warning is an error: throws Error(data).
Image decode(std::span<const std::uint8_t> bytes, Box box, const DecodeLimits& limits = {});
/// All pixels of the upright picture, likewise.
Image decode_whole(std::span<const std::uint8_t> bytes, const DecodeLimits& limits = {});
/// The whole content of a file, at most limits.file_bytes; throws Error(io) or Error(data).
std::vector<std::uint8_t> read_picture_file(const std::string& path, const DecodeLimits& limits = {});
/// True for .jpg .jpeg .jpe .png .bmp .ppm .pgm .pnm in any case.
bool has_picture_suffix(const std::string& path);

}  // namespace s4l::data
