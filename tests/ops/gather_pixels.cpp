#include "s4l/kernels/cpu/gather_pixels.h"

#include <catch2/catch.hpp>
#include <vector>

using namespace s4l;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes pixels(std::int64_t count) {
  Bytes bytes;
  for (std::int64_t i = 0; i < 3 * count; ++i) bytes.push_back(static_cast<std::uint8_t>(i * 37 >> 2));
  return bytes;
}

}  // namespace

TEST_CASE("columns of a picture become rows, and nothing around picture or rows is touched") {
  for (const std::int64_t h : {1, 3, 4, 5, 8, 17, 32, 33})
    for (const std::int64_t w : {1, 4, 5, 6, 7, 8, 31, 33})
      for (const std::int64_t begin : {std::int64_t{0}, w / 2}) {
        const Bytes picture = pixels(h * w);
        Bytes expected, columns(static_cast<std::size_t>(3 * (w - begin) * h));
        for (std::int64_t c = begin; c < w; ++c)
          for (std::int64_t r = 0; r < h; ++r)
            for (std::int64_t i = 0; i < 3; ++i)
              expected.push_back(picture[static_cast<std::size_t>(3 * (r * w + c) + i)]);
        cpu::transpose_pixels(picture.data(), h, w, begin, w, columns.data());
        INFO(h << " x " << w << " from column " << begin);
        CHECK(columns == expected);
      }
}

TEST_CASE("reversed pixels keep their channels' order, and nothing around them is touched") {
  for (const std::int64_t count : {0, 1, 3, 4, 5, 7, 8, 31, 32, 33}) {
    const Bytes from = pixels(count);
    Bytes expected, reversed(from.size());
    for (std::int64_t p = count; p-- > 0;)
      for (std::int64_t i = 0; i < 3; ++i) expected.push_back(from[static_cast<std::size_t>(3 * p + i)]);
    cpu::reverse_pixels(from.data(), count, reversed.data());
    INFO(count << " pixels");
    CHECK(reversed == expected);
  }
}
