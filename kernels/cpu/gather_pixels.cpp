// Four pixels, 12 bytes, are moved at a time: turned around, or from four rows to four columns.
#include "s4l/kernels/cpu/gather_pixels.h"

#include <cstring>

#include "s4l/kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "s4l/kernels/cpu/gather_pixels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace s4l::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR
constexpr bool kFours = false;
HWY_INLINE void reverse_four(const std::uint8_t*, bool, bool, std::uint8_t*) {}
HWY_INLINE void transpose_tile(const std::uint8_t*, std::int64_t, bool, std::int64_t, bool, std::uint8_t*) {}
#else
constexpr bool kFours = true;
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
alignas(16) constexpr std::uint8_t kNarrowed[16] = {0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0, 0, 0, 0};

HWY_INLINE void reverse_four(const std::uint8_t* from, bool room, bool more, std::uint8_t* to) {
  store_four(hn::TableLookupBytes(load_four(from, room), hn::Load(D(), kBackwards)), more, to);
}

/// Four rows of four pixels, `step` bytes apart, to four columns, in rows `stride` bytes apart.
HWY_INLINE void transpose_tile(const std::uint8_t* from, std::int64_t step, bool room, std::int64_t stride, bool more,
                               std::uint8_t* to) {
  const hn::Repartition<std::uint32_t, D> d32;
  const V wide = hn::Load(D(), kWide), narrowed = hn::Load(D(), kNarrowed);
  const auto get = [&](const std::uint8_t* four)
                       HWY_ATTR { return hn::BitCast(d32, hn::TableLookupBytes(load_four(four, room), wide)); };
  const auto a = get(from), b = get(from + step), c = get(from + 2 * step), e = get(from + 3 * step);
  const auto ac = hn::InterleaveLower(d32, a, c), be = hn::InterleaveLower(d32, b, e);
  const auto ac_upper = hn::InterleaveUpper(d32, a, c), be_upper = hn::InterleaveUpper(d32, b, e);
  const auto put = [&](auto pixels, std::uint8_t* row)
                       HWY_ATTR { store_four(hn::TableLookupBytes(hn::BitCast(D(), pixels), narrowed), more, row); };
  put(hn::InterleaveLower(d32, ac, be), to);
  put(hn::InterleaveUpper(d32, ac, be), to + stride);
  put(hn::InterleaveLower(d32, ac_upper, be_upper), to + 2 * stride);
  put(hn::InterleaveUpper(d32, ac_upper, be_upper), to + 3 * stride);
}
#endif

/// What no tile holds, pixel by pixel: rows [r, h) of columns [c, c_end).
void transpose_rest(const std::uint8_t* picture, std::int64_t h, std::int64_t w, std::int64_t r, std::int64_t c,
                    std::int64_t c_end, std::uint8_t* to) {
  for (; c < c_end; ++c, to += 3 * h)
    for (std::int64_t i = r; i < h; ++i) std::memcpy(to + 3 * i, picture + 3 * (i * w + c), 3);
}

void transpose(const std::uint8_t* picture, std::int64_t h, std::int64_t w, std::int64_t begin, std::int64_t end,
               std::uint8_t* to) {
  std::int64_t c = begin;
  for (; kFours && c + 4 <= end; c += 4, to += 12 * h) {
    const std::uint8_t* from = picture + 3 * c;
    std::int64_t r = 0;
    for (; r + 8 <= h; r += 4, from += 12 * w) transpose_tile(from, 3 * w, true, 3 * h, true, to + 3 * r);
    if (r + 4 <= h) {  // the last tile, of which room is left only within the rows
      transpose_tile(from, 3 * w, c + 6 <= w, 3 * h, false, to + 3 * r);
      r += 4;
    }
    transpose_rest(picture, h, w, r, c, c + 4, to);
  }
  transpose_rest(picture, h, w, 0, c, end, to);
}

void reverse(const std::uint8_t* from, std::int64_t count, std::uint8_t* to) {
  std::int64_t left = count;  // those before it are still to come
  for (; kFours && left >= 4; left -= 4, to += 12) reverse_four(from + 3 * (left - 4), left < count, left >= 8, to);
  for (; left > 0; --left, to += 3) std::memcpy(to, from + 3 * (left - 1), 3);
}

}  // namespace s4l::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace s4l::cpu {

HWY_EXPORT(transpose);
HWY_EXPORT(reverse);

void transpose_pixels(const std::uint8_t* picture, std::int64_t h, std::int64_t w, std::int64_t begin, std::int64_t end,
                      std::uint8_t* to) {
  HWY_DYNAMIC_DISPATCH(transpose)(picture, h, w, begin, end, to);
}

void reverse_pixels(const std::uint8_t* from, std::int64_t count, std::uint8_t* to) {
  HWY_DYNAMIC_DISPATCH(reverse)(from, count, to);
}

}  // namespace s4l::cpu
#endif
