#include <array>
#include <cstring>
#include <string_view>
#include <vector>

#include "s4l/core/error.h"
#include "s4l/data/decode_formats.h"
#include "s4l/data/orientation.h"

namespace s4l::data {
namespace {

constexpr std::array<std::uint8_t, 8> kSignature{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

std::uint32_t big32(Bytes bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 | std::uint32_t{bytes[at + 2]} << 8 |
         bytes[at + 3];
}

/// CRC-32 of ISO 3309, as PNG has it.
std::uint32_t crc32(Bytes bytes) {
  static const std::array<std::uint32_t, 256> table = [] {
    std::array<std::uint32_t, 256> rows{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t c = i;
      for (int bit = 0; bit < 8; ++bit) c = (c & 1u) != 0 ? 0xEDB88320u ^ (c >> 1) : c >> 1;
      rows[i] = c;
    }
    return rows;
  }();
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const std::uint8_t byte : bytes) crc = table[(crc ^ byte) & 0xFFu] ^ (crc >> 8);
  return ~crc;
}

/// One chunk: its type and content, and what it covers of the file with length and CRC.
struct Chunk {
  Bytes whole;

  std::string_view type() const { return {reinterpret_cast<const char*>(whole.data()) + 4, 4}; }
  Bytes content() const { return whole.subspan(8, whole.size() - 12); }
  bool intact() const { return crc32(whole.subspan(4, whole.size() - 8)) == big32(whole, whole.size() - 4); }
};

Chunk chunk_at(Bytes bytes, std::size_t at, const DecodeLimits& limits) {
  if (bytes.size() - at < 12) fail(ErrorKind::data, "PNG: the file is truncated at byte {}", bytes.size());
  const std::uint32_t length = big32(bytes, at);
  if (length > limits.png_chunk_bytes)
    fail(ErrorKind::data, "PNG: expected chunks of at most {} bytes, got {}", limits.png_chunk_bytes, length);
  if (length > bytes.size() - at - 12) fail(ErrorKind::data, "PNG: the file is truncated at byte {}", bytes.size());
  return {bytes.subspan(at, std::size_t{length} + 12)};
}

/// The pairs that PNG allows; stb_image takes others, too.
void check_kind(int bits, int colour) {
  const bool grey = colour == 0, palette = colour == 3, others = colour == 2 || colour == 4 || colour == 6;
  const bool low = bits == 1 || bits == 2 || bits == 4;
  if (!(((grey || palette) && (low || bits == 8)) || ((grey || others) && (bits == 8 || bits == 16))))
    fail(ErrorKind::data, "PNG: expected a kind of pixels that there is, got {} bits of colour type {}", bits, colour);
}

Size size_from(const Chunk& chunk, const DecodeLimits& limits) {
  const Bytes content = chunk.content();
  if (chunk.type() != "IHDR" || content.size() != 13) fail(ErrorKind::data, "PNG: expected the header IHDR first");
  if (!chunk.intact()) fail(ErrorKind::data, "PNG: wrong checksum of the header");
  check_kind(content[8], content[9]);
  constexpr int kWidestPixel = 8;  // RGBA of 16 bits
  check_picture_size(big32(content, 4), big32(content, 0), kWidestPixel, limits);
  return {static_cast<int>(big32(content, 4)), static_cast<int>(big32(content, 0))};
}

/// Calls `visit` with each chunk and its place, up to IEND.
template <class Visit>
Size walk_chunks(Bytes bytes, const DecodeLimits& limits, const Visit& visit) {
  std::size_t at = kSignature.size();
  const Size size = size_from(chunk_at(bytes, at, limits), limits);
  for (;;) {
    const Chunk chunk = chunk_at(bytes, at, limits);
    visit(chunk, at);
    if (chunk.type() == "IEND") return size;
    at += chunk.whole.size();
  }
}

void append(std::vector<std::uint8_t>& to, Bytes bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

/// A palette with black for the colours it lacks: stb_image would take them from memory that was never set.
void append_full_palette(std::vector<std::uint8_t>& to, Bytes colours) {
  constexpr std::size_t kFull = 256 * 3, kChecksum = 4;
  if (colours.empty() || colours.size() > kFull || colours.size() % 3 != 0)
    fail(ErrorKind::data, "PNG: expected a palette of 1 to 256 colours, got {} bytes", colours.size());
  to.insert(to.end(), {0, 0, kFull / 256, kFull % 256, 'P', 'L', 'T', 'E'});
  append(to, colours);
  to.resize(to.size() + kFull - colours.size() + kChecksum);  // stb_image compares no checksums
}

/// What stb_image needs of the file and nothing else, all of it intact.
std::vector<std::uint8_t> essence(Bytes bytes, const DecodeLimits& limits) {
  std::vector<std::uint8_t> png(kSignature.begin(), kSignature.end());
  walk_chunks(bytes, limits, [&](const Chunk& chunk, std::size_t at) {
    if (!chunk.intact()) fail(ErrorKind::data, "PNG: wrong checksum of the chunk at byte {}", at);
    const std::string_view type = chunk.type();
    if (type == "PLTE")
      append_full_palette(png, chunk.content());
    else if (type == "IHDR" || type == "tRNS" || type == "IEND" || (type == "IDAT" && !chunk.content().empty()))
      append(png, chunk.whole);
    else if (type != "IDAT" && type[0] >= 'A' && type[0] <= 'Z')
      fail(ErrorKind::data, "PNG: the chunk at byte {} is of an unknown kind that cannot be left out", at);
  });
  return png;
}

}  // namespace

bool is_png(Bytes bytes) {
  return bytes.size() >= kSignature.size() && std::memcmp(bytes.data(), kSignature.data(), kSignature.size()) == 0;
}

PictureHeader read_png_header(Bytes bytes, const DecodeLimits& limits) {
  PictureHeader header;
  header.stored = walk_chunks(bytes, limits, [&](const Chunk& chunk, std::size_t) {
    if (chunk.type() == "eXIf") header.orientation = exif_orientation(chunk.content());
  });
  return header;
}

Image decode_png(Bytes bytes, Size stored, Box box, const DecodeLimits& limits) {
  return decode_with_stb(essence(bytes, limits), stored, box);
}

}  // namespace s4l::data
