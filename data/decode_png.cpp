#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "s4l/core/error.h"
#include "s4l/data/decode_formats.h"

namespace {

// stb_image grows its inflate buffer for as long as data come: a bomb ends at this bound instead.
thread_local std::size_t largest_block = 0;

void* bounded_realloc(void* block, std::size_t size) {
  return size <= largest_block ? std::realloc(block, size) : nullptr;
}

}  // namespace

#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#define STBI_NO_STDIO
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_MALLOC(size) bounded_realloc(nullptr, size)
#define STBI_REALLOC(block, size) bounded_realloc(block, size)
#define STBI_FREE(block) std::free(block)
#define STBI_ASSERT(condition) ((void)0)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb/stb_image.h>
#pragma GCC diagnostic pop

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

Size size_from(const Chunk& chunk, const DecodeLimits& limits) {
  const Bytes content = chunk.content();
  if (chunk.type() != "IHDR" || content.size() != 13) fail(ErrorKind::data, "PNG: expected the header IHDR first");
  if (!chunk.intact()) fail(ErrorKind::data, "PNG: wrong checksum of the header");
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

struct FreePixels {
  void operator()(stbi_uc* pixels) const { stbi_image_free(pixels); }
};

std::uint8_t over_white(int value, int alpha) {
  return static_cast<std::uint8_t>((value * alpha + 255 * (255 - alpha) + 127) / 255);
}

/// `count` pixels of 1 (grey), 2 (grey, alpha), 3 or 4 channels as RGB.
void to_rgb(const std::uint8_t* from, int channels, int count, std::uint8_t* rgb) {
  const bool has_alpha = channels % 2 == 0, grey = channels < 3;
  for (int i = 0; i < count; ++i, from += channels, rgb += 3)
    for (int c = 0; c < 3; ++c) {
      const std::uint8_t value = from[grey ? 0 : c];
      rgb[c] = has_alpha ? over_white(value, from[channels - 1]) : value;
    }
}

}  // namespace

bool is_png(Bytes bytes) {
  return bytes.size() >= kSignature.size() && std::memcmp(bytes.data(), kSignature.data(), kSignature.size()) == 0;
}

Size read_png_header(Bytes bytes, const DecodeLimits& limits) {
  return walk_chunks(bytes, limits, [](const Chunk&, std::size_t) {});
}

Image decode_png(Bytes bytes, Box box, const DecodeLimits& limits) {
  const Size size = walk_chunks(bytes, limits, [](const Chunk& chunk, std::size_t at) {
    if (!chunk.intact()) fail(ErrorKind::data, "PNG: wrong checksum of the chunk at byte {}", at);
  });
  // Twice the widest picture covers an interlaced one's filter bytes; twice the file the joined IDAT chunks.
  constexpr std::size_t kSlack = 65536;
  const std::size_t pixel_bytes = static_cast<std::size_t>(size.height) * static_cast<std::size_t>(size.width) * 8;
  largest_block = 2 * std::max(pixel_bytes, bytes.size()) + kSlack;
  int width = 0, height = 0, channels = 0;
  const std::unique_ptr<stbi_uc, FreePixels> pixels(
      stbi_load_from_memory(bytes.data(), static_cast<int>(bytes.size()), &width, &height, &channels, 0));
  if (!pixels) fail(ErrorKind::data, "PNG: damaged data ({})", stbi_failure_reason());
  Image image(box.height, box.width);
  for (int y = 0; y < box.height; ++y) {
    const std::ptrdiff_t first = static_cast<std::ptrdiff_t>(box.top + y) * width + box.left;
    to_rgb(pixels.get() + first * channels, channels, box.width, image.at(y, 0));
  }
  return image;
}

}  // namespace s4l::data
