#include "s4l/data/transforms/randaugment.h"

#include <catch2/catch.hpp>
#include <algorithm>
#include <set>

#include "s4l/data/transforms/operations.h"
#include "s4l/data/transforms/pipeline.h"
#include "s4l/tests/data/pictures.h"

using namespace s4l;
using namespace s4l::data;
using s4l::test::test_picture;

namespace {

struct Golden {
  std::string operation;
  int level;
  bool negative;
  int height, width;
  std::string bytes;  ///< hexadecimal
};

const std::vector<Golden> kGolden = {
#include "s4l/tests/golden/randaugment.inc"
};

/// The picture of make_randaugment.py.
Image golden_picture(int height, int width) {
  Image image(height, width);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c)
        image.at(y, x)[c] = static_cast<std::uint8_t>((y * 37 + x * x * 11 + c * 53 + y * x * 7) % 200 + 20);
  return image;
}

std::string hexadecimal(const Image& image) {
  std::string text;
  for (const std::uint8_t byte : image.pixels)
    for (const int digit : {byte >> 4, byte & 15}) text += "0123456789abcdef"[digit];
  return text;
}

int count_grey(const Image& image) {
  return static_cast<int>(std::count(image.pixels.begin(), image.pixels.end(), 127)) / 3;
}

}  // namespace

TEST_CASE("RandAugment's operations give the bytes of the Python Imaging Library") {
  std::set<std::string> compared;
  for (const Golden& golden : kGolden)
    for (const RandAugmentOperation& operation : kRandAugmentOperations)
      if (operation.name == golden.operation) {
        INFO(golden.operation << " " << golden.level << (golden.negative ? " negative" : ""));
        const Image image = golden_picture(golden.height, golden.width);
        CHECK(hexadecimal(operation.apply(image, golden.level, golden.negative)) == golden.bytes);
        compared.insert(golden.operation);
      }
  CHECK(compared.size() == kRandAugmentOperations.size());
}

TEST_CASE("RandAugment's operations take pictures of one pixel, one row and one level") {
  for (const RandAugmentOperation& operation : kRandAugmentOperations)
    for (const Size size : {Size{1, 1}, Size{1, 33}, Size{31, 2}})
      for (int level = 1; level <= 10; ++level) {
        const Image image = operation.apply(Image(size.height, size.width), level, level % 2 == 0);
        CHECK(Size{image.height, image.width} == size);
      }
}

TEST_CASE("randaugment depends on the seed alone and leaves a quarter of the pictures as they are or more") {
  const Image image = test_picture(16, 16);
  const Pipeline pipeline("randaugment(2, 10)");
  const auto augmented = [&](std::uint64_t seed, bool train) {
    Rng rng(seed, Purpose::augment);
    return hexadecimal(pipeline.run(image, rng, train)[0].image);
  };
  std::set<std::string> seen;
  int unchanged = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    CHECK(augmented(seed, true) == augmented(seed, true));
    CHECK(augmented(seed, false) == hexadecimal(image));
    seen.insert(augmented(seed, true));
    unchanged += augmented(seed, true) == hexadecimal(image);
  }
  CHECK(seen.size() > 130);
  CHECK(unchanged > 90);  // both skipped: 1/4; identity drawn: some more
  CHECK(unchanged < 150);
}

TEST_CASE("cutout greys a square of the given share of the side, cut off at the borders") {
  const Image white = [] {
    Image image(32, 32);
    std::fill(image.pixels.begin(), image.pixels.end(), std::uint8_t{255});
    return image;
  }();
  const Pipeline pipeline("cutout(0.5)");
  int largest = 0, smallest = 1024;
  double sum = 0;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    Rng rng(seed, Purpose::augment);
    const int grey = count_grey(pipeline.run(white, rng, true)[0].image);
    largest = std::max(largest, grey);
    smallest = std::min(smallest, grey);
    sum += grey;
  }
  CHECK(largest == 16 * 16);
  CHECK(smallest < 10 * 10);                             // a corner: 8 x 8
  CHECK(sum / 2000 == Approx(14.0 * 14).epsilon(0.02));  // the mean side over 32 places of the middle
  Rng rng(0, Purpose::augment);
  CHECK(count_grey(pipeline.run(white, rng, false)[0].image) == 0);
  CHECK(count_grey(cutout(Image(1, 1), 1, rng)) == 0);  // half of one pixel is none
}
