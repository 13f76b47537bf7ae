// Four pixels, 12 bytes, are moved at a time: a run of them, maybe backwards, or from four rows to four columns.
#include "s4l/kernels/cpu/gather_pixels.h"

#include <algorithm>
#include <cstring>

#include "s4l/kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "s4l/kernels/cpu/gather_pixels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace s4l::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// One pixel at a time: what is left of rows and columns, and all of it on targets without vectors.
void copy_pixels(const std::uint8_t* picture, const PixelMap& map, std::int64_t i, std::int64_t i_end, std::int64_t j,
                 std::int64_t j_end, std::int64_t columns, std::uint8_t* to) {
  for (; i < i_end; ++i)
    for (std::int64_t at = j; at < j_end; ++at)
      std::memcpy(to + 3 * (i * columns + at), picture + 3 * (map.origin + i * map.row + at * map.column), 3);
}

#if HWY_TARGET == HWY_SCALAR
std::int64_t gather_fours(const std::uint8_t*, const std::uint8_t*, const PixelMap&, std::int64_t, std::int64_t,
                          std::uint8_t*) {
  return 0;
}
#else
using D = hn::Full128<std::uint8_t>;
using V = hn::Vec<D>;

/// `room`: there are four bytes behind them.
HWY_INLINE V load_four(const std::uint8_t* from, bool room) {
  if (room) return hn::LoadU(D(), from);
  std::uint8_t bytes[16] = {};
  std::memcpy(bytes, from, 12);
  return hn::LoadU(D(), bytes);
}
/// `more`: four bytes behind them may be written too.
HWY_INLINE void store_four(V pixels, bool more, std::uint8_t* to) {
  if (more) return hn::StoreU(pixels, D(), to);
  std::uint8_t bytes[16];
  hn::StoreU(pixels, D(), bytes);
  std::memcpy(to, bytes, 12);
}

alignas(16) constexpr std::uint8_t kBackwards[16] = {9, 10, 11, 6, 7, 8, 3, 4, 5, 0, 1, 2, 0, 0, 0, 0};
// Pixels of four bytes each, the last of them whatever, so that they can be transposed; and of three again.
alignas(16) constexpr std::uint8_t kWide[16] = {0, 1, 2, 0, 3, 4, 5, 0, 6, 7, 8, 0, 9, 10, 11, 0};
alignas(16) constexpr std::uint8_t kWideBackwards[16] = {9, 10, 11, 0, 6, 7, 8, 0, 3, 4, 5, 0, 0, 1, 2, 0};
alignas(16) constexpr std::uint8_t kNarrowed[16] = {0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0, 0, 0, 0};

/// Row `to` of pixels that lie in a row of the picture: from `from` on, or backwards. Whole fours of them.
HWY_INLINE void move_run(const std::uint8_t* from, const std::uint8_t* limit, bool backwards, std::int64_t columns,
                         std::uint8_t* to) {
  const V order = hn::Load(D(), kBackwards);
  for (std::int64_t j = 0; j + 4 <= columns; j += 4) {
    const std::uint8_t* const first = backwards ? from - 3 * (j + 3) : from + 3 * j;
    const V four = load_four(first, limit - first >= 16);
    store_four(backwards ? hn::TableLookupBytes(four, order) : four, j + 8 <= columns, to + 3 * j);
  }
}

/// A tile of four rows of four pixels that lie in four rows of the picture, `step` bytes apart, from `from` on, each in
/// `order`; its own rows lie `stride` bytes apart.
HWY_INLINE void turn_tile(const std::uint8_t* from, std::int64_t step, bool room, V order, std::int64_t stride,
                          bool more, std::uint8_t* to) {
  const hn::Repartition<std::uint32_t, D> d32;
  const auto wide = [&](const std::uint8_t* four)
                        HWY_ATTR { return hn::BitCast(d32, hn::TableLookupBytes(load_four(four, room), order)); };
  const auto a = wide(from), b = wide(from + step), c = wide(from + 2 * step), e = wide(from + 3 * step);
  const auto ac = hn::InterleaveLower(d32, a, c), be = hn::InterleaveLower(d32, b, e);
  const auto ac_upper = hn::InterleaveUpper(d32, a, c), be_upper = hn::InterleaveUpper(d32, b, e);
  const V narrowed = hn::Load(D(), kNarrowed);
  const auto put = [&](auto pixels, std::uint8_t* row)
                       HWY_ATTR { store_four(hn::TableLookupBytes(hn::BitCast(D(), pixels), narrowed), more, row); };
  put(hn::InterleaveLower(d32, ac, be), to);
  put(hn::InterleaveUpper(d32, ac, be), to + stride);
  put(hn::InterleaveLower(d32, ac_upper, be_upper), to + 2 * stride);
  put(hn::InterleaveUpper(d32, ac_upper, be_upper), to + 3 * stride);
}

/// Four columns of `rows` pixels, in fours, whose first tile begins at `from`.
HWY_INLINE void turn_columns(const std::uint8_t* from, const std::uint8_t* limit, const PixelMap& map,
                             std::int64_t rows, std::int64_t stride, bool more, std::uint8_t* to) {
  const bool backwards = map.row < 0;
  const V order = hn::Load(D(), backwards ? kWideBackwards : kWide);
  const std::int64_t step = 3 * map.column, along = 3 * map.row;
  from += backwards ? 3 * along : 0;  // the pixel that lies first of a row's four
  for (std::int64_t i = 0; i < rows; i += 4, from += 4 * along, to += 4 * stride) {
    const bool room = limit - std::max(from, from + 3 * step) >= 16;
    if (room && more)
      turn_tile(from, step, true, order, stride, true, to);
    else
      turn_tile(from, step, room, order, stride, more, to);
  }
}

/// Gathers rows and columns in fours and returns how many rows that made.
std::int64_t gather_fours(const std::uint8_t* picture, const std::uint8_t* limit, const PixelMap& map,
                          std::int64_t rows, std::int64_t columns, std::uint8_t* to) {
  const std::uint8_t* const from = picture + 3 * map.origin;
  if (map.column == 1 || map.column == -1) {
    for (std::int64_t i = 0; i < rows; ++i)
      move_run(from + 3 * i * map.row, limit, map.column < 0, columns, to + 3 * i * columns);
    return rows;
  }
  for (std::int64_t j = 0; j + 4 <= columns; j += 4)
    turn_columns(from + 3 * j * map.column, limit, map, rows / 4 * 4, 3 * columns, j + 8 <= columns, to + 3 * j);
  return rows / 4 * 4;
}
#endif

void gather_view(const std::uint8_t* picture, const std::uint8_t* limit, const PixelMap& map, std::int64_t begin,
                 std::int64_t end, std::int64_t columns, std::uint8_t* to) {
  const PixelMap here{map.origin + begin * map.row, map.row, map.column};
  const std::int64_t rows = end - begin, done = gather_fours(picture, limit, here, rows, columns, to);
  copy_pixels(picture, here, 0, done, columns / 4 * 4, columns, columns, to);
  copy_pixels(picture, here, done, rows, 0, columns, columns, to);
}

}  // namespace s4l::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace s4l::cpu {

HWY_EXPORT(gather_view);

PixelMap view_map(int k, bool flip, std::int64_t h, std::int64_t w) {
  const std::int64_t step = flip ? -1 : 1, first = flip ? w - 1 : 0;  // pixel (i, j) upright: first + i w + j step
  switch (k) {
    case 1:
      return {first + (w - 1) * step, -step, w};
    case 2:
      return {first + (h - 1) * w + (w - 1) * step, -w, -step};
    case 3:
      return {first + (h - 1) * w, step, -w};
    default:
      return {first, w, step};
  }
}

void gather_pixels(const std::uint8_t* picture, const std::uint8_t* limit, const PixelMap& map, std::int64_t begin,
                   std::int64_t end, std::int64_t columns, std::uint8_t* to) {
  HWY_DYNAMIC_DISPATCH(gather_view)(picture, limit, map, begin, end, columns, to);
}

}  // namespace s4l::cpu
#endif
