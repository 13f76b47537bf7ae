// Binary PGM and PPM: a short text, then the samples as they are, so a crop is read and nothing else.
#include "s4l/core/error.h"
#include "s4l/data/decode_formats.h"

namespace s4l::data {
namespace {

struct PnmHeader {
  Size size;
  int channels = 1;
  std::uint32_t largest = 255;  ///< the sample that means full brightness
  std::size_t first = 0;        ///< byte of the samples

  std::size_t sample_bytes() const { return largest > 255 ? 2 : 1; }
};

bool is_space(std::uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// The next number of the header; `at` moves behind it.
std::uint32_t next_number(Bytes bytes, std::size_t& at) {
  while (at < bytes.size() && (is_space(bytes[at]) || bytes[at] == '#')) {
    const bool comment = bytes[at++] == '#';
    while (comment && at < bytes.size() && bytes[at - 1] != '\n') ++at;
  }
  std::uint32_t value = 0;
  const std::size_t begin = at;
  for (; at < bytes.size() && bytes[at] >= '0' && bytes[at] <= '9' && at - begin < 9; ++at)
    value = value * 10 + (bytes[at] - '0');
  if (at == begin) fail(ErrorKind::data, "PNM: expected a number at byte {}", at);
  return value;
}

PnmHeader pnm_header(Bytes bytes, const DecodeLimits& limits) {
  PnmHeader header;
  header.channels = bytes[1] == '6' ? 3 : 1;
  std::size_t at = 2;
  const std::uint32_t width = next_number(bytes, at), height = next_number(bytes, at);
  header.largest = next_number(bytes, at);
  check_picture_size(height, width, 6, limits);
  header.size = {static_cast<int>(height), static_cast<int>(width)};
  if (header.largest < 1 || header.largest > 65535)
    fail(ErrorKind::data, "PNM: expected a largest sample of 1 to 65535, got {}", header.largest);
  header.first = at + 1;  // one white space
  const std::size_t samples = std::size_t{height} * width * static_cast<std::size_t>(header.channels);
  if (header.first > bytes.size() || (bytes.size() - header.first) / header.sample_bytes() < samples)
    fail(ErrorKind::data, "PNM: the file is truncated");
  return header;
}

}  // namespace

bool is_pnm(Bytes bytes) { return bytes.size() >= 2 && bytes[0] == 'P' && (bytes[1] == '5' || bytes[1] == '6'); }

PictureHeader read_pnm_header(Bytes bytes, const DecodeLimits& limits) { return {pnm_header(bytes, limits).size}; }

Image decode_pnm(Bytes bytes, Size stored, Box box, const DecodeLimits& limits) {
  const PnmHeader header = pnm_header(bytes, limits);
  const std::size_t wide = header.sample_bytes(), channels = static_cast<std::size_t>(header.channels);
  Image image(box.height, box.width);
  for (int y = 0; y < box.height; ++y)
    for (int x = 0; x < box.width; ++x) {
      const std::size_t pixel = static_cast<std::size_t>(box.top + y) * static_cast<std::size_t>(stored.width) +
                                static_cast<std::size_t>(box.left + x);
      for (std::size_t c = 0; c < 3; ++c) {
        const std::uint8_t* sample = &bytes[header.first + (pixel * channels + (channels == 3 ? c : 0)) * wide];
        const std::uint32_t value = wide == 2 ? std::uint32_t{sample[0]} << 8 | sample[1] : sample[0];
        const std::uint32_t level = (value * 255 + header.largest / 2) / header.largest;
        image.at(y, x)[c] = static_cast<std::uint8_t>(level > 255 ? 255 : level);
      }
    }
  return image;
}

}  // namespace s4l::data
