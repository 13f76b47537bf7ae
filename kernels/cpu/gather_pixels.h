#pragma once
#include <cstdint>

namespace s4l::cpu {

/// Output pixel (i, j) is pixel `origin + i row + j column` of a picture of bytes R, G, B.
struct PixelMap {
  std::int64_t origin, row, column;
};

/// View k of a picture of h rows and w columns (spec 5.3), which is mirrored before it is rotated.
PixelMap view_map(int k, bool flip, std::int64_t h, std::int64_t w);

/// Writes rows [begin, end) of a view, of so many columns, to `to`. Nothing is read at `limit`, which lies behind the
/// picture, or after it.
void gather_pixels(const std::uint8_t* picture, const std::uint8_t* limit, const PixelMap& map, std::int64_t begin,
                   std::int64_t end, std::int64_t columns, std::uint8_t* to);

}  // namespace s4l::cpu
