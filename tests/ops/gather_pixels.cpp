#include "s4l/kernels/cpu/gather_pixels.h"

#include <catch2/catch.hpp>
#include <vector>

using namespace s4l;

TEST_CASE("gathered pixels are those of the map, and nothing around picture or rows is touched") {
  for (const std::int64_t side : {1, 3, 4, 5, 8, 17, 31, 32, 33})
    for (const int view : {0, 1, 2, 3})
      for (const bool flip : {false, true}) {
        const cpu::PixelMap map = cpu::view_map(view, flip, side, side);
        std::vector<std::uint8_t> picture(static_cast<std::size_t>(3 * side * side));
        for (std::size_t i = 0; i < picture.size(); ++i) picture[i] = static_cast<std::uint8_t>(i * 37 >> 2);
        for (const std::int64_t begin : {std::int64_t{0}, side / 2}) {
          std::vector<std::uint8_t> rows(static_cast<std::size_t>(3 * (side - begin) * side)), expected;
          for (std::int64_t i = begin; i < side; ++i)
            for (std::int64_t j = 0; j < side; ++j)
              for (std::int64_t c = 0; c < 3; ++c)
                expected.push_back(
                    picture[static_cast<std::size_t>(3 * (map.origin + i * map.row + j * map.column) + c)]);
          cpu::gather_pixels(picture.data(), picture.data() + picture.size(), map, begin, side, side, rows.data());
          INFO("view " << view << " of side " << side << (flip ? ", mirrored" : "") << ", from row " << begin);
          CHECK(rows == expected);
        }
      }
}
