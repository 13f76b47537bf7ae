#include "s4l/data/decode.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>

#include "s4l/core/error.h"
#include "s4l/core/rng.h"
#include "s4l/tests/data/pictures.h"

using namespace s4l;
using namespace s4l::data;
using Catch::Matchers::Contains;
using s4l::test::JpegOptions;
using s4l::test::test_picture;
using s4l::test::write_jpeg;

namespace {

using File = std::vector<std::uint8_t>;

Image crop_of(const Image& image, Box box) {
  Image part(box.height, box.width);
  for (int y = 0; y < box.height; ++y) std::copy_n(image.at(box.top + y, box.left), box.width * 3, part.at(y, 0));
  return part;
}

/// Whether `boxes` random boxes, and those at the corners, equal the crop of the full decode.
bool boxes_equal_crops(const File& file, const Image& whole, int boxes, std::uint64_t seed) {
  Rng rng(seed, Purpose::test);
  const auto draw = [&](int n) { return static_cast<int>(rng.below(n)); };
  for (int i = 0; i < boxes; ++i) {
    Box box;
    box.height = 1 + draw(whole.height);
    box.width = 1 + draw(whole.width);
    box.top = i % 4 == 0 ? 0 : i % 4 == 1 ? whole.height - box.height : draw(whole.height - box.height + 1);
    box.left = i % 3 == 0 ? 0 : i % 3 == 1 ? whole.width - box.width : draw(whole.width - box.width + 1);
    if (decode(file, box).pixels != crop_of(whole, box).pixels) {
      UNSCOPED_INFO(box.height << "x" << box.width << " at (" << box.top << ", " << box.left << ") of " << whole.height
                               << "x" << whole.width);
      return false;
    }
  }
  return true;
}

/// The reason for which `file` is refused, or "" if it is not.
std::string refusal(const File& file, const DecodeLimits& limits = {}) {
  try {
    const Size size = picture_size(file, limits);
    decode(file, {0, 0, size.height, size.width}, limits);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::data);
    CHECK(std::string(error.what()).find('\n') == std::string::npos);
    return error.what();
  }
  return "";
}

File exif(int orientation, bool little) {
  const std::uint8_t order = little ? 'I' : 'M';
  File file{'E', 'x', 'i', 'f', 0, 0, order, order};
  const auto number = [&](unsigned value, int size) {
    for (int i = 0; i < size; ++i) file.push_back(static_cast<std::uint8_t>(value >> 8 * (little ? i : size - 1 - i)));
  };
  number(42, 2), number(8, 4);                                  // one directory, right here
  number(2, 2);                                                 // of two entries
  number(0x010F, 2), number(2, 2), number(4, 4), number(0, 4);  // the maker
  number(0x0112, 2), number(3, 2), number(1, 4);                // the orientation
  number(static_cast<unsigned>(orientation), 2), number(0, 2), number(0, 4);
  return file;
}

/// The files of a tar archive, those of more than 0 bytes.
std::vector<File> untar(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::vector<File> files;
  std::array<char, 512> header;
  while (stream.read(header.data(), header.size())) {
    const std::size_t size = std::strtoul(std::string(&header[124], 12).c_str(), nullptr, 8);
    File file((size + 511) / 512 * 512);
    stream.read(reinterpret_cast<char*>(file.data()), static_cast<std::streamsize>(file.size()));
    file.resize(size);
    if (size > 0) files.push_back(std::move(file));
  }
  return files;
}

int distance(const std::uint8_t* a, std::array<int, 3> b) {
  return std::abs(a[0] - b[0]) + std::abs(a[1] - b[1]) + std::abs(a[2] - b[2]);
}

}  // namespace

TEST_CASE("a decoded JPEG has the pixels of libjpeg and any box is the crop of it") {
  const JpegOptions options =
      GENERATE(JpegOptions{}, JpegOptions{90, 1, 1}, JpegOptions{90, 2, 1}, JpegOptions{90, 1, 2},
               JpegOptions{75, 4, 1}, JpegOptions{90, 2, 2, true}, JpegOptions{90, 1, 1, true},
               JpegOptions{90, 2, 2, false, 1}, JpegOptions{90, 2, 2, false, 3, 3});
  const Size size = GENERATE(Size{1, 1}, Size{8, 8}, Size{17, 5}, Size{32, 32}, Size{63, 97}, Size{150, 203});
  const File file = write_jpeg(test_picture(size.height, size.width), options);
  INFO("sampling " << options.h_samp << "x" << options.v_samp << " progressive " << options.progressive << " size "
                   << size.height << "x" << size.width);
  const Image whole = test::libjpeg_decode(file);
  CHECK(picture_size(file) == size);
  CHECK(decode_whole(file).pixels == whole.pixels);
  CHECK(boxes_equal_crops(file, whole, 60, 3));
}

TEST_CASE("a CMYK JPEG becomes RGB") {
  const Image image = test_picture(40, 56);
  const bool ycck = GENERATE(true, false);
  const Image got =
      decode_whole(write_jpeg(image, {.quality = 98, .h_samp = 1, .v_samp = 1, .channels = 4, .ycck = ycck}));
  double sum = 0;
  for (std::size_t i = 0; i < image.pixels.size(); ++i) sum += std::abs(image.pixels[i] - got.pixels[i]);
  CHECK(sum / static_cast<double>(image.pixels.size()) < 4);
}

TEST_CASE("all eight EXIF orientations show the picture upright, boxes too") {
  const int orientation = GENERATE(range(1, 9));
  const bool little = GENERATE(false, true);
  // An upright picture 32x48: red top left, green top right, blue bottom left, white bottom right.
  const std::array<std::array<int, 3>, 4> colours{{{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 255, 255}}};
  const auto upright = [&](int y, int x) { return colours[static_cast<std::size_t>(2 * (y >= 16) + (x >= 24))]; };
  const bool swaps = orientation >= 5;
  Image stored(swaps ? 48 : 32, swaps ? 32 : 48);
  for (int y = 0; y < 32; ++y)
    for (int x = 0; x < 48; ++x) {
      // Where EXIF says row 0 and column 0 of the stored picture lie, side by side.
      const int row[] = {y, y, 31 - y, 31 - y, x, 47 - x, 47 - x, x};
      const int column[] = {x, 47 - x, 47 - x, x, y, y, 31 - y, 31 - y};
      const auto colour = upright(y, x);
      for (int c = 0; c < 3; ++c)
        stored.at(row[orientation - 1], column[orientation - 1])[c] = static_cast<std::uint8_t>(colour[c]);
    }
  const File file = write_jpeg(stored, {.quality = 95, .h_samp = 1, .v_samp = 1, .app1 = exif(orientation, little)});
  INFO("orientation " << orientation);
  CHECK(picture_size(file) == Size{32, 48});
  const Image whole = decode_whole(file);
  for (const auto& [y, x] : {std::pair{4, 4}, {4, 40}, {28, 4}, {28, 40}})
    CHECK(distance(whole.at(y, x), upright(y, x)) < 30);
  CHECK(boxes_equal_crops(file, whole, 20, 5));
}

TEST_CASE("damaged EXIF is ignored") {
  File block = exif(6, true);
  const std::size_t cut = GENERATE(0u, 5u, 8u, 14u, 30u);
  block.resize(cut);
  CHECK(picture_size(write_jpeg(test_picture(8, 16), {.app1 = block})) == Size{8, 16});
  CHECK(picture_size(write_jpeg(test_picture(8, 16), {.app1 = exif(9, true)})) == Size{8, 16});
}

TEST_CASE("a JPEG cut anywhere is refused") {
  const bool progressive = GENERATE(false, true);
  const File file = write_jpeg(test_picture(24, 24), {.progressive = progressive});
  for (std::size_t length = 0; length + 1 < file.size(); ++length) {
    INFO("length " << length);
    CHECK(refusal(File(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(length))) != "");
  }
}

TEST_CASE("limits hold before a pixel is decoded") {
  File file = write_jpeg(test_picture(16, 16));
  CHECK_THAT(refusal(file, {.side = 15}), Contains("at most 15 pixels, got 16x16"));
  CHECK_THAT(refusal(file, {.pixels = 255}), Contains("at most 255 pixels"));
  CHECK_THAT(refusal(file, {.decoded_bytes = 767}), Contains("at most 255 pixels"));
  CHECK_THAT(refusal(file, {.file_bytes = 100}), Contains("at most 100 bytes"));
  const File many_scans = write_jpeg(test_picture(16, 16), {.progressive = true});
  CHECK_THAT(refusal(many_scans, {.jpeg_scans = 3}), Contains("at most 3 scans"));
  CHECK(refusal(many_scans) == "");
  const std::uint8_t frame[] = {0xFF, 0xC0};
  const auto at = std::search(file.begin(), file.end(), std::begin(frame), std::end(frame));
  std::fill_n(at + 5, 4, 0xFF);
  CHECK_THAT(refusal(file), Contains("at most 16384 pixels, got 65535x65535"));
  std::fill_n(at + 5, 4, 0);
  CHECK_THAT(refusal(file), Contains("at least one pixel"));
}

TEST_CASE("what is not a picture is refused") {
  CHECK_THAT(refusal({}), Contains("empty"));
  CHECK_THAT(refusal({'G', 'I', 'F', '8', '9', 'a', 0, 0, 0, 0}), Contains("JPEG, PNG, BMP, PPM or PGM"));
  CHECK_THAT(refusal({0xFF, 0xD8, 0xFF}), Contains("JPEG"));
  CHECK_THROWS_AS(decode(write_jpeg(test_picture(8, 8)), {0, 1, 8, 8}), Error);
}

TEST_CASE("a JPEG with flipped bits decodes to its size or is refused") {
  const bool progressive = GENERATE(false, true);
  const File file = write_jpeg(test_picture(24, 40), {.progressive = progressive});
  int refused = 0;
  for (std::size_t bit = 0; bit < file.size() * 8; ++bit) {
    File flipped = file;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    refused += refusal(flipped) != "";
  }
  CHECK(refused > 100);
}

TEST_CASE("a picture is known by its suffix in any case") {
  for (const char* name : {"x/a.JpEg", "a.jpg", "a.PNG", "a.bmp", "a.Ppm", "a.pgm"}) CHECK(has_picture_suffix(name));
  for (const char* name : {"jpg", "a.gif", "a.jpg.txt", ""}) CHECK_FALSE(has_picture_suffix(name));
}

TEST_CASE("photographs decode as libjpeg does, boxes too") {
  const char* folder = std::getenv("S4L_TEST_DATA");
  if (folder == nullptr) {
    WARN("skipped: S4L_TEST_DATA names no folder with imagenet-sample.tar");
    return;
  }
  const std::vector<File> files = untar(std::string(folder) + "/imagenet-sample.tar");
  CHECK(files.size() == 125);
  for (const File& file : files) {
    const Image whole = test::libjpeg_decode(file);
    CHECK(decode_whole(file).pixels == whole.pixels);
    CHECK(boxes_equal_crops(file, whole, 3, file.size()));
  }
}
