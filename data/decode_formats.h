// The formats behind decode(): each checks its own header against the limits before anything is allocated.
#pragma once
#include <cstdint>
#include <span>

#include "s4l/data/decode.h"

namespace s4l::data {

using Bytes = std::span<const std::uint8_t>;

/// Throws Error(data) unless height and width are at least 1 and within the limits, with
/// `pixel_bytes` bytes a pixel while decoding.
void check_picture_size(std::int64_t height, std::int64_t width, int pixel_bytes, const DecodeLimits& limits);

/// What a file's header says. The stored picture becomes upright by the EXIF orientation 1 to 8.
struct PictureHeader {
  Size stored;
  int orientation = 1;

  Size upright() const { return orientation < 5 ? stored : Size{stored.width, stored.height}; }
};

// For each format: whether bytes begin as one, its header, and the pixels inside `box` of the stored picture.

bool is_jpeg(Bytes bytes);
/// Reads the markers up to the first scan, and sees that the file reaches its end marker.
PictureHeader read_jpeg_header(Bytes bytes, const DecodeLimits& limits);
Image decode_jpeg(Bytes bytes, Size stored, Box box, const DecodeLimits& limits);

bool is_png(Bytes bytes);
/// Walks the chunks of a PNG to its end.
PictureHeader read_png_header(Bytes bytes, const DecodeLimits& limits);
Image decode_png(Bytes bytes, Size stored, Box box, const DecodeLimits& limits);

bool is_bmp(Bytes bytes);
/// Also sees that all rows are there and that the palette has every colour they use.
PictureHeader read_bmp_header(Bytes bytes, const DecodeLimits& limits);
Image decode_bmp(Bytes bytes, Size stored, Box box, const DecodeLimits& limits);

/// Binary PGM and PPM, 1 or 2 bytes a sample.
bool is_pnm(Bytes bytes);
PictureHeader read_pnm_header(Bytes bytes, const DecodeLimits& limits);
Image decode_pnm(Bytes bytes, Size stored, Box box, const DecodeLimits& limits);

/// stb_image behind its door: the pixels inside `box` of a PNG or BMP whose header was checked and says `stored`;
/// alpha goes over white. Throws Error(data) with stb_image's reason.
Image decode_with_stb(Bytes bytes, Size stored, Box box);

}  // namespace s4l::data
