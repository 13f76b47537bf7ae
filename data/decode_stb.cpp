#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "s4l/core/error.h"
#include "s4l/data/decode_formats.h"

namespace {

// stb_image grows its inflate buffer for as long as data come: a bomb ends at this bound instead.
thread_local std::size_t largest_block = 0;

/// Cleared: what a damaged file leaves unset is black in every run.
void* bounded_malloc(std::size_t size) { return size <= largest_block ? std::calloc(size, 1) : nullptr; }
void* bounded_realloc(void* block, std::size_t old_size, std::size_t size) {
  void* grown = size <= largest_block ? std::realloc(block, size) : nullptr;
  if (grown != nullptr && size > old_size) std::memset(static_cast<char*>(grown) + old_size, 0, size - old_size);
  return grown;
}

}  // namespace

#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_MALLOC(size) bounded_malloc(size)
#define STBI_REALLOC_SIZED(block, old_size, size) bounded_realloc(block, old_size, size)
#define STBI_FREE(block) std::free(block)
#define STBI_ASSERT(condition) ((void)0)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // false, of fields that only its other sources use
#endif
#include <stb/stb_image.h>
#pragma GCC diagnostic pop

namespace s4l::data {
namespace {

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

Image decode_with_stb(Bytes bytes, Size stored, Box box) {
  // Twice the widest picture covers an interlaced one's filter bytes; twice the file the joined IDAT chunks.
  constexpr std::size_t kSlack = 65536;
  const std::size_t pixel_bytes = static_cast<std::size_t>(stored.height) * static_cast<std::size_t>(stored.width) * 8;
  largest_block = 2 * std::max(pixel_bytes, bytes.size()) + kSlack;
  int width = 0, height = 0, channels = 0;
  const std::unique_ptr<stbi_uc, FreePixels> pixels(
      stbi_load_from_memory(bytes.data(), static_cast<int>(bytes.size()), &width, &height, &channels, 0));
  if (!pixels) fail(ErrorKind::data, "damaged data ({})", stbi_failure_reason());
  if (height != stored.height || width != stored.width) fail(ErrorKind::data, "the header is damaged");
  Image image(box.height, box.width);
  for (int y = 0; y < box.height; ++y) {
    const std::ptrdiff_t first = static_cast<std::ptrdiff_t>(box.top + y) * width + box.left;
    to_rgb(pixels.get() + first * channels, channels, box.width, image.at(y, 0));
  }
  return image;
}

}  // namespace s4l::data
