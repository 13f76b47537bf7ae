// The formats behind decode(): each checks its own header against the limits before anything is allocated.
#pragma once
#include <cstdint>
#include <span>

#include "s4l/data/decode.h"

namespace s4l::data {

using Bytes = std::span<const std::uint8_t>;

/// Throws Error(data) unless height and width are at least 1 and within the limits, with
/// `pixel_bytes` bytes a pixel while decoding.
void check_picture_size(std::uint32_t height, std::uint32_t width, int pixel_bytes, const DecodeLimits& limits);

/// What the markers of a JPEG say. The stored picture becomes upright by the EXIF orientation 1 to 8.
struct JpegHeader {
  Size stored;
  int orientation = 1;

  Size upright() const { return orientation < 5 ? stored : Size{stored.width, stored.height}; }
};

/// Reads the markers up to the first scan, and sees that the file reaches its end marker.
JpegHeader read_jpeg_header(Bytes bytes, const DecodeLimits& limits);
/// The pixels inside `box` of the upright picture.
Image decode_jpeg(Bytes bytes, Box box, const DecodeLimits& limits);

bool is_png(Bytes bytes);
/// Walks the chunks of a PNG to its end.
Size read_png_header(Bytes bytes, const DecodeLimits& limits);
Image decode_png(Bytes bytes, Box box, const DecodeLimits& limits);

}  // namespace s4l::data
