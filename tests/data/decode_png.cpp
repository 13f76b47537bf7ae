#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <string>

#include "s4l/core/error.h"
#include "s4l/data/decode.h"
#include "s4l/data/write_png.h"
#include "s4l/tests/data/pictures.h"

using namespace s4l;
using namespace s4l::data;
using Catch::Matchers::Contains;

namespace {

std::uint32_t crc32(const std::string& text) {
  std::uint32_t crc = ~0u;
  for (const char c : text) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1u) != 0 ? 0xEDB88320u ^ crc >> 1 : crc >> 1;
  }
  return ~crc;
}

std::string big32(std::uint32_t value) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(value >> shift);
  return text;
}

std::string chunk(const std::string& type, const std::string& content) {
  return big32(static_cast<std::uint32_t>(content.size())) + type + content + big32(crc32(type + content));
}

/// zlib's format without compression.
std::string stored(const std::string& raw) {
  const auto size = static_cast<std::uint16_t>(raw.size());
  std::uint32_t a = 1, b = 0;
  for (const char c : raw) a = (a + static_cast<std::uint8_t>(c)) % 65521, b = (b + a) % 65521;
  const auto little16 = [](std::uint16_t v) { return std::string{static_cast<char>(v), static_cast<char>(v >> 8)}; };
  return "\x78\x01\x01" + little16(size) + little16(static_cast<std::uint16_t>(~size)) + raw + big32(b << 16 | a);
}

const std::string kSignature = "\x89PNG\r\n\x1A\n";

/// A PNG of one row, without filter.
std::string png(std::uint32_t width, char depth, char colour, const std::string& row, const std::string& extra = "") {
  const std::string header = big32(width) + big32(1) + depth + colour + std::string(3, '\0');
  const std::string data = stored(std::string(1, '\0') + row);
  return kSignature + chunk("IHDR", header) + extra + chunk("IDAT", data) + chunk("IEND", "");
}

std::vector<std::uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

std::vector<std::uint8_t> decoded(const std::string& file) {
  const auto bytes = bytes_of(file);
  const Size size = picture_size(bytes);
  return decode(bytes, {0, 0, size.height, size.width}).pixels;
}

std::string refusal(const std::string& file, const DecodeLimits& limits = {}) {
  try {
    const auto bytes = bytes_of(file);
    const Size size = picture_size(bytes, limits);
    decode(bytes, {0, 0, size.height, size.width}, limits);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::data);
    return error.what();
  }
  return "";
}

using Row = std::vector<std::uint8_t>;

}  // namespace

TEST_CASE("a written PNG reads back equal, boxes too") {
  const Image image = test::test_picture(33, 47);
  const std::string file = png_bytes(image);
  CHECK(picture_size(bytes_of(file)) == Size{33, 47});
  CHECK(decoded(file) == image.pixels);
  const Image part = decode(bytes_of(file), {5, 7, 9, 11});
  for (int y = 0; y < 9; ++y) CHECK(std::equal(part.at(y, 0), part.at(y, 0) + 33, image.at(5 + y, 7)));
}

TEST_CASE("every kind of PNG becomes RGB over white") {
  using namespace std::string_literals;
  CHECK(decoded(png(2, 8, 0, "\x10\xF0"s)) == Row{16, 16, 16, 240, 240, 240});          // grey
  CHECK(decoded(png(8, 1, 0, "\xA0"s))[0] == 255);                                      // 1 bit
  CHECK(decoded(png(1, 16, 2, "\x12\x34\x56\x78\x9A\xBC"s)) == Row{0x12, 0x56, 0x9A});  // 16 bits
  CHECK(decoded(png(2, 8, 4, "\x00\xFF\x00\x00"s)) == Row{0, 0, 0, 255, 255, 255});     // grey, alpha
  CHECK(decoded(png(1, 8, 6, "\xFF\x00\x64\x80"s)) == Row{255, 127, 177});              // RGB, half alpha
  const std::string palette = chunk("PLTE", "\x01\x02\x03\x0A\x0B\x0C"s);
  CHECK(decoded(png(2, 8, 3, "\x01\x00"s, palette)) == Row{10, 11, 12, 1, 2, 3});
  CHECK(decoded(png(2, 8, 3, "\x01\x00"s, palette + chunk("tRNS", "\x00"s))) == Row{10, 11, 12, 255, 255, 255});
}

TEST_CASE("a PNG cut anywhere or with any flipped bit is refused") {
  const std::string file = png_bytes(test::test_picture(12, 10));
  for (std::size_t length = 0; length < file.size(); ++length) CHECK(refusal(file.substr(0, length)) != "");
  for (std::size_t bit = 0; bit < file.size() * 8; ++bit) {
    std::string flipped = file;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    INFO("bit " << bit);
    CHECK(refusal(flipped) != "");
  }
}

TEST_CASE("a PNG damaged under right checksums decodes or is refused") {
  const std::string file = png_bytes(test::test_picture(12, 10));
  const std::size_t at = file.find("IDAT") + 4;
  const std::string data = file.substr(at, file.size() - 12 - 4 - at), header = file.substr(0, at - 8);
  int refused = 0;
  for (std::size_t bit = 0; bit < data.size() * 8; ++bit) {
    std::string flipped = data;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    refused += refusal(header + chunk("IDAT", flipped) + chunk("IEND", "")) != "";
  }
  CHECK(refused > 0);
}

TEST_CASE("limits of a PNG hold before it is inflated") {
  using namespace std::string_literals;
  const std::string huge = big32(65535) + big32(65535) + "\x08\x02\0\0\0"s;
  const std::string flat = kSignature + chunk("IHDR", huge) + chunk("IEND", "");
  CHECK_THAT(refusal(flat), Contains("at most 16384 pixels, got 65535x65535"));
  CHECK_THAT(refusal(png(4, 8, 0, "abcd"), {.pixels = 3}), Contains("at most 3 pixels"));
  CHECK_THAT(refusal(png(4, 8, 0, "abcd"), {.png_chunk_bytes = 13}), Contains("chunks of at most 13 bytes"));
  CHECK_THAT(refusal(kSignature + chunk("IDAT", "")), Contains("IHDR first"));
  CHECK(refusal(png(4, 8, 0, "ab")) != "");  // fewer pixels than the header says
}

TEST_CASE("data that inflate far beyond their header are refused") {
  using namespace std::string_literals;
  // Fixed Huffman codes: a zero, then copies of 258 bytes at distance 1, 13 bits each.
  std::string data = "\x78\x01"s;
  std::uint32_t held = 0, count = 0;
  const auto put = [&](std::uint32_t value, int bits, bool code) {
    for (int i = 0; i < bits; ++i) {
      held |= (value >> (code ? bits - 1 - i : i) & 1u) << count;
      if (++count == 8) data += static_cast<char>(held), held = 0, count = 0;
    }
  };
  put(1, 1, false), put(1, 2, false), put(0x30, 8, true);
  for (int i = 0; i < 20000; ++i) put(0xC5, 8, true), put(0, 5, true);
  put(0, 7, true), put(0, 7, false);
  const std::string header = big32(4) + big32(4) + "\x08\0\0\0\0"s;
  const std::string file = kSignature + chunk("IHDR", header) + chunk("IDAT", data) + chunk("IEND", "");
  CHECK_THAT(refusal(file), Contains("outofmem"));
}

TEST_CASE("a contact sheet shows the pictures in rows") {
  std::vector<Image> images(3, Image(2, 2));
  images[2].at(1, 1)[0] = 9;
  const Image sheet = contact_sheet(images, 2, 1);
  CHECK(sheet.height == 7);
  CHECK(sheet.width == 7);
  CHECK(sheet.at(0, 0)[0] == 255);
  CHECK(sheet.at(1, 1)[0] == 0);
  CHECK(sheet.at(5, 2)[0] == 9);
  CHECK(sheet.at(4, 4)[0] == 255);
  images[1] = Image(2, 3);
  CHECK_THROWS_WITH(contact_sheet(images, 2), Contains("expected pictures of 2x2x3, got 2x3x3"));
}

TEST_CASE("a PNG is turned as its eXIf chunk says, in all 8 ways") {
  const std::string tiff = std::string("MM\0*\0\0\0\x08\0\x01", 10) + std::string("\x01\x12\0\x03\0\0\0\x01\0", 9);
  const Row forward{1, 1, 1, 2, 2, 2, 3, 3, 3}, backward{3, 3, 3, 2, 2, 2, 1, 1, 1};
  const std::vector<bool> mirrored{false, true, true, false, false, false, true, true};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    INFO(orientation);
    const std::string block = tiff + static_cast<char>(orientation) + std::string(6, '\0');
    const auto bytes = bytes_of(png(3, 8, 0, "\x01\x02\x03", chunk("eXIf", block)));
    CHECK(picture_size(bytes) == (orientation < 5 ? Size{1, 3} : Size{3, 1}));
    CHECK(decode_whole(bytes).pixels == (mirrored[static_cast<std::size_t>(orientation - 1)] ? backward : forward));
    CHECK(decode(bytes, orientation < 5 ? Box{0, 2, 1, 1} : Box{2, 0, 1, 1}).pixels[0] ==
          (mirrored[static_cast<std::size_t>(orientation - 1)] ? 1 : 3));
  }
}

TEST_CASE("a colour that a PNG's palette lacks is black, not what lay in memory") {
  const std::string file = png(3, 8, 3, std::string("\x01\x02\xFF", 3), chunk("PLTE", "abcdef"));
  CHECK(decoded(file) == Row{'d', 'e', 'f', 0, 0, 0, 0, 0, 0});
  CHECK(refusal(png(1, 8, 3, std::string(1, '\0'), chunk("PLTE", std::string(771, 'x')))) != "");
  CHECK(refusal(png(1, 8, 3, std::string(1, '\0'), chunk("PLTE", "ab"))) != "");
}

TEST_CASE("a match of a distance that DEFLATE does not have shows nothing of what lay in memory") {
  std::string bits;                                  // the first is the lowest of the first byte
  const auto put = [&](unsigned value, int count) {  // a Huffman code: its highest bit first
    while (count-- > 0) bits += static_cast<char>('0' + (value >> count & 1u));
  };
  bits = "110";                               // the last block, fixed codes
  for (int i = 0; i < 72; ++i) put(0x30, 8);  // as many zeros as a picture that is not interlaced has
  put(5, 7), put(30, 5);                      // 7 more from the distance 30, which stands for none
  put(0, 7);                                  // the end
  std::string deflated = "\x78\x01";
  for (std::size_t i = 0; i < bits.size(); i += 8) {
    unsigned byte = 0;
    for (std::size_t k = 0; k < 8 && i + k < bits.size(); ++k) byte |= static_cast<unsigned>(bits[i + k] - '0') << k;
    deflated += static_cast<char>(byte);
  }
  const std::string header = big32(8) + big32(8) + std::string{8, 0, 0, 0, 1};
  const std::string file =
      kSignature + chunk("IHDR", header) + chunk("IDAT", deflated + std::string(4, '\0')) + chunk("IEND", "");
  std::vector<std::string>(64, std::string(4096, '\xAB'));  // is given back, full of dirt
  CHECK(decoded(file) == std::vector<std::uint8_t>(8 * 8 * 3, 0));
}
