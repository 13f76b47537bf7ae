#include <catch2/catch.hpp>

#include <string>

#include "s4l/core/error.h"
#include "s4l/data/decode.h"

using namespace s4l;
using namespace s4l::data;
using Catch::Matchers::Contains;

namespace {

using Row = std::vector<std::uint8_t>;

std::vector<std::uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }
Row decoded(const std::string& file) { return decode_whole(bytes_of(file)).pixels; }

std::string refusal(const std::string& file, const DecodeLimits& limits = {}) {
  try {
    decode_whole(bytes_of(file), limits);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::data);
    return error.what();
  }
  return "";
}

std::string little(std::uint64_t value, int size) {
  std::string text;
  for (int i = 0; i < size; ++i) text += static_cast<char>(value >> 8 * i);
  return text;
}

/// A BMP with a 40 byte header; `rows` as stored, padded to 4 bytes each.
std::string bmp(int width, int height, int bits, const std::string& rows, const std::string& palette = "",
                std::uint32_t compression = 0) {
  const std::uint32_t first = 54 + static_cast<std::uint32_t>(palette.size());
  return "BM" + little(first + static_cast<std::uint32_t>(rows.size()), 4) + little(0, 4) + little(first, 4) +
         little(40, 4) + little(static_cast<std::uint32_t>(width), 4) + little(static_cast<std::uint32_t>(height), 4) +
         little(1, 2) + little(static_cast<std::uint32_t>(bits), 2) + little(compression, 4) + little(0, 4) +
         little(0, 8) + little(static_cast<std::uint32_t>(palette.size() / 4), 4) + little(0, 4) + palette + rows;
}

const std::string kTwoColours{"\x10\x20\x30\0\xF0\xE0\xD0\0", 8};

}  // namespace

TEST_CASE("a BMP becomes RGB, whichever way its rows run") {
  const std::string rows =
      std::string("\x03\x02\x01\x06\x05\x04\0\0", 8) + std::string("\x09\x08\x07\x0C\x0B\x0A\0\0", 8);
  CHECK(decoded(bmp(2, 2, 24, rows)) == Row{7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6});
  CHECK(decoded(bmp(2, -2, 24, rows)) == Row{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  CHECK(decode(bytes_of(bmp(2, 2, 24, rows)), {1, 1, 1, 1}).pixels == Row{4, 5, 6});
  CHECK(picture_size(bytes_of(bmp(2, -2, 24, rows))) == Size{2, 2});
}

TEST_CASE("palettes of a BMP are looked up and its alpha goes over white") {
  CHECK(decoded(bmp(2, 1, 8, std::string("\x01\0\0\0", 4), kTwoColours)) == Row{0xD0, 0xE0, 0xF0, 0x30, 0x20, 0x10});
  CHECK(decoded(bmp(2, 1, 4, std::string("\x10\0\0\0", 4), kTwoColours)) == Row{0xD0, 0xE0, 0xF0, 0x30, 0x20, 0x10});
  CHECK(decoded(bmp(2, 1, 1, std::string("\x80\0\0\0", 4), kTwoColours)) == Row{0xD0, 0xE0, 0xF0, 0x30, 0x20, 0x10});
  CHECK(decoded(bmp(2, 1, 32, std::string("\x03\x02\x01\xFF\0\0\0\x80", 8))) == Row{1, 2, 3, 127, 127, 127});
}

TEST_CASE("an old BMP, of 12 bytes of header and 3 a colour, shows all of its colours") {
  std::string palette;
  for (int i = 0; i < 16; ++i) palette += little(static_cast<std::uint64_t>(i) * 3, 1) + "\x20\x10";
  const std::size_t first = 26 + palette.size();
  const std::string file = "BM" + little(first + 32, 4) + little(0, 4) + little(first, 4) + little(12, 4) +
                           little(2, 2) + little(8, 2) + little(1, 2) + little(4, 2) + palette;
  std::string rows;
  for (int y = 0; y < 8; ++y) rows += little(static_cast<std::uint64_t>(2 * y) << 4 | (2u * y + 1u), 1) + little(0, 3);
  Row expected;
  for (int y = 8; y-- > 0;)
    for (int x = 0; x < 2; ++x)
      expected.insert(expected.end(), {0x10, 0x20, static_cast<std::uint8_t>((2 * y + x) * 3)});
  CHECK(decoded(file + rows) == expected);
}

TEST_CASE("a BMP that lies is refused before it is decoded") {
  const std::string row = std::string("\x01\0\0\0", 4);
  CHECK_THAT(refusal(bmp(2, 1, 8, std::string("\x02\0\0\0", 4), kTwoColours)),
             Contains("palette of every colour in use"));
  CHECK_THAT(refusal(bmp(2, 2, 8, row, kTwoColours)), Contains("truncated"));
  CHECK_THAT(refusal(bmp(65535, 65535, 24, row)), Contains("at most 16384 pixels"));
  CHECK_THAT(refusal(bmp(0, 1, 24, row)), Contains("at least one pixel"));
  CHECK_THAT(refusal(bmp(2, 1, 64, row)), Contains("damaged"));
  CHECK_THAT(refusal(bmp(2, 1, 8, row, kTwoColours, 1)), Contains("RLE"));
  CHECK_THAT(refusal(bmp(2, 1, 8, row, kTwoColours).substr(0, 40)), Contains("ends inside its header"));
  std::string inside = bmp(2, 1, 8, row, kTwoColours);
  inside[10] = 20;  // the pixels would begin inside the header
  CHECK_THAT(refusal(inside), Contains("header is damaged"));
}

TEST_CASE("binary PGM and PPM are read with 1 or 2 bytes a sample and any largest sample") {
  CHECK(decoded(std::string("P5 2 1 255\n\x07\xFF", 13)) == Row{7, 7, 7, 255, 255, 255});
  CHECK(decoded("P6\n# a comment\n1 # another\n1\n255\nabc") == Row{'a', 'b', 'c'});
  CHECK(decoded(std::string("P5 2 1 15 \x0F\x05", 12)) == Row{255, 255, 255, 85, 85, 85});
  CHECK(decoded(std::string("P5 2 1 65535\n\x80\x80\x00\xFF", 17)) == Row{128, 128, 128, 1, 1, 1});
  CHECK(decoded("P5 1 1 15 \xFF") == Row{255, 255, 255});
  CHECK(decode(bytes_of("P6 2 2 255\nabcdefghijkl"), {1, 1, 1, 1}).pixels == Row{'j', 'k', 'l'});
}

TEST_CASE("a PGM or PPM that lies is refused before anything is allocated") {
  CHECK_THAT(refusal("P6 2 2 255\nabcdefghijk"), Contains("truncated"));
  CHECK_THAT(refusal("P6 2 2"), Contains("expected a number at byte 6"));
  CHECK_THAT(refusal("P6 x"), Contains("expected a number"));
  CHECK_THAT(refusal("P5 65535 65535 255\n"), Contains("at most 16384 pixels"));
  CHECK_THAT(refusal("P5 8192 8193 255\n"), Contains("at most 67108864 pixels"));
  CHECK_THAT(refusal("P5 1 1 65536\n\1\1"), Contains("largest sample of 1 to 65535"));
  CHECK_THAT(refusal("P5 0 1 255\n"), Contains("at least one pixel"));
  CHECK_THAT(refusal("P5 999999999999 1 255\n"), Contains("at most"));
}
