// The markers of a JPEG file, read without libjpeg so that limits hold before it allocates.
#include <cstring>

#include "s4l/core/error.h"
#include "s4l/data/decode_formats.h"
#include "s4l/data/orientation.h"

namespace s4l::data {
namespace {

enum Marker : std::uint8_t { kStartOfScan = 0xDA, kEndOfImage = 0xD9, kExif = 0xE1 };

std::uint32_t big16(Bytes bytes, std::size_t at) { return std::uint32_t{bytes[at]} << 8 | bytes[at + 1]; }

/// The orientation in the content of an APP1 segment, which may hold something else than EXIF.
int orientation_in(Bytes segment) {
  constexpr std::size_t kNameLength = 6;
  if (segment.size() < kNameLength || std::memcmp(segment.data(), "Exif\0", kNameLength) != 0) return 1;
  return exif_orientation(segment.subspan(kNameLength));
}

bool is_frame(std::uint8_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

Size frame_size(std::uint8_t marker, Bytes segment, const DecodeLimits& limits) {
  const bool supported = marker <= 0xC2 || marker == 0xC9 || marker == 0xCA;
  if (!supported) fail(ErrorKind::data, "JPEG: lossless and hierarchical coding is not supported");
  if (segment.size() < 6) fail(ErrorKind::data, "JPEG: the frame header is too short");
  if (segment[0] != 8) fail(ErrorKind::data, "JPEG: expected 8 bits a sample, got {}", int{segment[0]});
  check_picture_size(big16(segment, 1), big16(segment, 3), 3, limits);
  return {static_cast<int>(big16(segment, 1)), static_cast<int>(big16(segment, 3))};
}

/// Inside a scan 0xFF is followed by 0 or a restart marker, so an end marker after its start is the picture's own,
/// not that of a thumbnail. Searched from the back: one look at an undamaged file.
void check_end(Bytes scans) {
  for (std::size_t i = scans.size(); i-- > 1;)
    if (scans[i] == kEndOfImage && scans[i - 1] == 0xFF) return;
  fail(ErrorKind::data, "JPEG: the file is truncated (no end marker)");
}

}  // namespace

bool is_jpeg(Bytes bytes) { return bytes.size() >= 3 && bytes[0] == 0xFF && bytes[1] == 0xD8 && bytes[2] == 0xFF; }

PictureHeader read_jpeg_header(Bytes bytes, const DecodeLimits& limits) {
  PictureHeader header;
  std::size_t at = 2;  // past the start marker
  for (;;) {
    while (at + 1 < bytes.size() && bytes[at] == 0xFF && bytes[at + 1] == 0xFF) ++at;  // fill bytes
    if (bytes.size() < 4 || at > bytes.size() - 4) fail(ErrorKind::data, "JPEG: the file ends inside its header");
    if (bytes[at] != 0xFF) fail(ErrorKind::data, "JPEG: expected a marker at byte {}", at);
    const std::uint8_t marker = bytes[at + 1];
    const std::size_t length = big16(bytes, at + 2);
    if (length < 2 || length > bytes.size() - at - 2)
      fail(ErrorKind::data, "JPEG: the segment at byte {} is longer than the file", at);
    const Bytes segment = bytes.subspan(at + 4, length - 2);
    at += 2 + length;
    if (marker == kStartOfScan) break;
    if (marker == kExif && header.orientation == 1) header.orientation = orientation_in(segment);
    if (is_frame(marker)) header.stored = frame_size(marker, segment, limits);
  }
  if (header.stored.height == 0) fail(ErrorKind::data, "JPEG: no frame header before the first scan");
  check_end(bytes.subspan(at));
  return header;
}

}  // namespace s4l::data
