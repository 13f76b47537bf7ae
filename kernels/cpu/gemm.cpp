// The panel micro-kernel under every convolution and linear layer, compiled once per instruction set.
#include "s4l/kernels/cpu/gemm.h"

#include <algorithm>
#include <cstring>

#include "s4l/kernels/cpu/past_caches.h"
#include "s4l/kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "s4l/kernels/cpu/gemm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/cache_control.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace s4l::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
constexpr int kLanes = static_cast<int>(hn::MaxLanes(D()));
constexpr int kPanel = 2 * kLanes;
/// With two vectors a row, the sums fill 24 of AVX-512's 32 registers, 12 of AVX2's 16: rows enough to hide the
/// latency of the multiply-add, and more multiply-adds than loads.
constexpr int kRows = kLanes == 16 ? 12 : 6;

/// Where row `row` of C begins.
HWY_INLINE float* row_of_c(const Gemm& g, std::int64_t row) { return g.c_rows ? g.c_rows[row] : g.c + row * g.c_row; }

/// What is left of the columns. Not inlined: it is seldom wanted, and long.
HWY_NOINLINE void store_part(const float* sum, std::int64_t rows, std::int64_t pitch, const Gemm& g, std::int64_t row,
                             std::int64_t column) {
  for (std::int64_t r = 0; r < rows; ++r, sum += pitch) {
    float* const to = row_of_c(g, row + r) + column;
    for (std::int64_t n = 0; n < g.columns - column; ++n) to[n] = sum[n] + (g.add ? to[n] : 0.0f);
  }
}

/// Calls put(sum, where it goes) for all sums; row_of(r) is where row r of a tile goes.
template <int kRowCount, int kVectors, class RowOf, class Put>
HWY_INLINE void each_sum(const V (&sum)[kRowCount][kVectors], const RowOf& row_of, const Put& put) {
#pragma GCC unroll 16
  for (int r = 0; r < kRowCount; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) put(sum[r][v], row_of(r) + v * kLanes);
}

/// The sums to where they go, or added to what is there, or past the caches.
template <int kRowCount, int kVectors, class RowOf>
HWY_INLINE void store(const V (&sum)[kRowCount][kVectors], bool add, bool around, const RowOf& row_of) {
  const D d;
  if (add)
    each_sum(sum, row_of, [&](V v, float* to) HWY_ATTR { hn::StoreU(hn::Add(hn::LoadU(d, to), v), d, to); });
  else if (around)
    each_sum(sum, row_of, [&](V v, float* to) HWY_ATTR { hn::Stream(v, d, to); });
  else
    each_sum(sum, row_of, [&](V v, float* to) HWY_ATTR { hn::StoreU(v, d, to); });
}

/// The sums into C from (row, column) on, as far as it has columns.
template <int kRowCount, int kVectors>
HWY_INLINE void store(const V (&sum)[kRowCount][kVectors], const Gemm& g, std::int64_t row, std::int64_t column) {
  if (g.columns - column < kVectors * kLanes) {
    HWY_ALIGN float part[kRowCount][kVectors * kLanes];
    each_sum(
        sum, [&](int r) { return part[r]; }, [](V v, float* to) HWY_ATTR { hn::Store(v, D(), to); });
    return store_part(part[0], kRowCount, kVectors * kLanes, g, row, column);
  }
  if (g.c_rows) {
    float* const* const rows = g.c_rows + row;
    return store(sum, g.add, g.around, [=](int r) { return rows[r] + column; });
  }
  const std::int64_t c_row = g.c_row;
  float* const c = g.c + row * c_row + column;
  const bool around = g.around && streams_to(c, c_row * static_cast<std::int64_t>(sizeof(float)));
  store(sum, g.add, around, [=](int r) { return c + r * c_row; });
}

/// What a tile asks for on the side, a line with each k.
struct Lines {
  const float* at;
  std::int64_t step, segment;
};

/// The rows of A under a tile that lie equally far apart.
template <int kRowCount>
class EvenRows {
 public:
  using Begin = const float*;
  static Begin begin(const Gemm& g, std::int64_t row) { return g.a + row * g.a_row; }

  static Begin next_segment(const Gemm& g, Begin first) { return first + g.a_segment; }

  HWY_INLINE EvenRows(const Gemm& g, Begin first)
      : first_(first), fifth_(first + 4 * g.a_row), ninth_(first + 8 * g.a_row), row_(g.a_row), step_(g.a_depth) {
    // Registers of their own: from one, 12 offsets would not fit the registers.
    asm("" : "+r"(first_), "+r"(fifth_), "+r"(ninth_));
  }
  HWY_INLINE float operator[](int r) const { return (r < 4 ? first_ : r < 8 ? fifth_ : ninth_)[r % 4 * row_]; }
  HWY_INLINE void advance() {
    first_ += step_;
    fifth_ += step_;
    ninth_ += step_;
  }

 private:
  static_assert(kRowCount <= 12);
  const float *first_, *fifth_, *ninth_;
  const std::int64_t row_, step_;
};

/// Those that lie anywhere. Their addresses stay in the table, read with each number, for they are too many.
template <int kRowCount>
class TableRows {
 public:
  using Begin = const float* const*;
  static Begin begin(const Gemm& g, std::int64_t row) { return g.a_rows + row; }

  static Begin next_segment(const Gemm& g, Begin first) { return first + g.rows; }

  HWY_INLINE TableRows(const Gemm& g, Begin first) : table_(first), step_(g.a_depth) { asm("" : "+r"(step_)); }
  HWY_INLINE float operator[](int r) const { return table_[r][at_]; }
  HWY_INLINE void advance() {
    at_ += step_;
    asm("" : "+r"(table_));  // so that addresses of its entries are not kept either
  }

 private:
  const float* const volatile* table_;
  std::int64_t step_, at_ = 0;
};

/// kRowCount rows of A times kVectors vectors of a panel of B, to C from (row, column) on: all sums stay in registers.
template <class RowsOfA, int kVectors, int kRowCount>
HWY_NOINLINE void tile(const Gemm& g, typename RowsOfA::Begin first, const float* b, std::int64_t row,
                       std::int64_t column, const Lines& ahead) {
  const D d;
  V sum[kRowCount][kVectors];
#pragma GCC unroll 16
  for (int r = 0; r < kRowCount; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) sum[r][v] = hn::Zero(d);
  const std::int64_t b_depth = g.b_depth, ahead_step = ahead.step;
  const float* ahead_segment = ahead.at;
  for (std::int64_t segment = g.segments; segment > 0; --segment) {
    RowsOfA a(g, first);
    const float *at_b = b, *at_ahead = ahead_segment;
    for (std::int64_t k = g.depth; k > 0; --k, a.advance(), at_b += b_depth, at_ahead += ahead_step) {
      __builtin_prefetch(at_ahead, 0, 2);
      V of_b[kVectors];
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) of_b[v] = hn::LoadU(d, at_b + v * kLanes);
#pragma GCC unroll 16
      for (int r = 0; r < kRowCount; ++r) {
        const V of_a = hn::Set(d, a[r]);
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v) sum[r][v] = hn::MulAdd(of_a, of_b[v], sum[r][v]);
      }
    }
    first = RowsOfA::next_segment(g, first);
    b += g.b_segment;
    ahead_segment += ahead.segment;
  }
  store<kRowCount, kVectors>(sum, g, row, column);
}

/// A tile of `rows` rows, 1 to kRows, times `vectors` vectors.
template <template <int> class RowsOfA, int kRowCount = kRows>
auto tile_of(std::int64_t rows, int vectors) {
  if constexpr (kRowCount > 1)
    if (rows < kRowCount) return tile_of<RowsOfA, kRowCount - 1>(rows, vectors);
  return vectors == 2 ? tile<RowsOfA<kRowCount>, 2, kRowCount> : tile<RowsOfA<kRowCount>, 1, kRowCount>;
}

/// Of the t-th tile.
Lines lines_of(const Gemm& g, std::int64_t t) {
  const bool of_a = t < g.ahead_a.parts;
  const Ahead& ahead = of_a ? g.ahead_a : g.ahead_b;
  if (!of_a) t -= g.ahead_a.parts;
  return t < ahead.parts ? Lines{ahead.data + t * ahead.part, ahead.step, ahead.segment} : Lines{g.b, 0, 0};
}

template <template <int> class RowsOfA>
void multiply(const Gemm& g) {
  const std::int64_t strips = std::max<std::int64_t>((g.rows + kRows - 1) / kRows, 1);
  const std::int64_t height = g.rows / strips, taller = g.rows % strips;  // nearly equal: no thin remainder
  std::int64_t tiles = 0;
  for (std::int64_t n = 0; n < g.columns; n += kPanel) {
    const int vectors = g.columns - n > kLanes ? 2 : 1;
    const float* const b = g.b + n / kPanel * g.b_panel;
    const auto tall = tile_of<RowsOfA>(height + 1, vectors), low = tile_of<RowsOfA>(height, vectors);
    for (std::int64_t row = 0, s = 0; row < g.rows; row += height + (s < taller), ++s)
      (s < taller ? tall : low)(g, RowsOfA<1>::begin(g, row), b, row, n, lines_of(g, tiles++));
  }
}

void gemm(const Gemm& g) { g.a_rows ? multiply<TableRows>(g) : multiply<EvenRows>(g); }

std::int64_t gemm_panel_width() { return kPanel; }

}  // namespace s4l::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace s4l::cpu {

HWY_EXPORT(gemm);
HWY_EXPORT(gemm_panel_width);

void gemm(const Gemm& g) { HWY_DYNAMIC_DISPATCH(gemm)(g); }
std::int64_t gemm_panel_width() { return HWY_DYNAMIC_DISPATCH(gemm_panel_width)(); }

}  // namespace s4l::cpu
#endif
