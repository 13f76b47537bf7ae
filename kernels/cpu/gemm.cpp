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

/// The first `columns` sums of each row into c.
template <int kRowCount, int kVectors>
HWY_INLINE void store(const V (&sum)[kRowCount][kVectors], const Gemm& g, float* c, std::int64_t columns) {
  const D d;
  if (columns == kVectors * kLanes) {
    const bool around = g.around && !g.add && streams_to(c, g.c_row * static_cast<std::int64_t>(sizeof(float)));
#pragma GCC unroll 16
    for (int r = 0; r < kRowCount; ++r)
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) {
        float* to = c + r * g.c_row + v * kLanes;
        if (around)
          hn::Stream(sum[r][v], d, to);
        else
          hn::StoreU(g.add ? hn::Add(hn::LoadU(d, to), sum[r][v]) : sum[r][v], d, to);
      }
    return;
  }
  HWY_ALIGN float row[kRowCount][kVectors * kLanes];
#pragma GCC unroll 16
  for (int r = 0; r < kRowCount; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) hn::Store(sum[r][v], d, row[r] + v * kLanes);
  for (int r = 0; r < kRowCount; ++r)
    for (std::int64_t n = 0; n < columns; ++n) c[r * g.c_row + n] = row[r][n] + (g.add ? c[r * g.c_row + n] : 0.0f);
}

/// What a tile asks for on the side, a line with each k. Passed by reference: copied from where it was just written, it
/// would wait for the stores before it, which are the last tile's sums.
struct Lines {
  const float* at;
  std::int64_t step, segment;
};

/// kRowCount rows of A times kVectors vectors of a panel of B: all sums stay in registers.
template <int kRowCount, int kVectors>
HWY_NOINLINE void tile(const Gemm& g, const float* a, const float* b, float* c, std::int64_t columns,
                       const Lines& ahead) {
  constexpr int kRowsOfBase = 4, kBases = (kRowCount + kRowsOfBase - 1) / kRowsOfBase;
  const D d;
  V sum[kRowCount][kVectors];
#pragma GCC unroll 16
  for (int r = 0; r < kRowCount; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) sum[r][v] = hn::Zero(d);
  const std::int64_t a_row = g.a_row, a_depth = g.a_depth, b_depth = g.b_depth;
  for (std::int64_t segment = 0; segment < g.segments; ++segment) {
    const float* at_b = b + segment * g.b_segment;
    const float* at_ahead = ahead.at + segment * ahead.segment;
    const float* at_a[kBases];
#pragma GCC unroll 4
    for (int i = 0; i < kBases; ++i) {
      at_a[i] = a + segment * g.a_segment + kRowsOfBase * i * a_row;
      asm("" : "+r"(at_a[i]));  // a register of its own: from one base, 12 offsets would not fit the registers
    }
    for (std::int64_t k = 0; k < g.depth; ++k, at_b += b_depth, at_ahead += ahead.step) {
      __builtin_prefetch(at_ahead, 0, 2);
      V of_b[kVectors];
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) of_b[v] = hn::LoadU(d, at_b + v * kLanes);
#pragma GCC unroll 16
      for (int r = 0; r < kRowCount; ++r) {
        const V of_a = hn::Set(d, at_a[r / kRowsOfBase][r % kRowsOfBase * a_row]);
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v) sum[r][v] = hn::MulAdd(of_a, of_b[v], sum[r][v]);
      }
#pragma GCC unroll 4
      for (int i = 0; i < kBases; ++i) at_a[i] += a_depth;
    }
  }
  store<kRowCount, kVectors>(sum, g, c, columns);
}

using Tile = void (*)(const Gemm&, const float*, const float*, float*, std::int64_t, const Lines&);

/// The tile of `rows` rows, 1 to kRows.
template <int kVectors, int kRowCount = kRows>
Tile tile_of(std::int64_t rows) {
  if constexpr (kRowCount > 1)
    if (rows < kRowCount) return tile_of<kVectors, kRowCount - 1>(rows);
  return tile<kRowCount, kVectors>;
}

/// Of the t-th tile.
Lines lines_of(const Gemm& g, std::int64_t t) {
  const bool of_a = t < g.ahead_a.parts;
  const Ahead& ahead = of_a ? g.ahead_a : g.ahead_b;
  if (!of_a) t -= g.ahead_a.parts;
  return t < ahead.parts ? Lines{ahead.data + t * ahead.part, ahead.step, ahead.segment} : Lines{g.b, 0, 0};
}

void gemm(const Gemm& g) {
  std::int64_t tiles = 0;
  const std::int64_t strips = (g.rows + kRows - 1) / kRows;
  for (std::int64_t n = 0; n < g.columns; n += kPanel) {
    const std::int64_t columns = std::min<std::int64_t>(kPanel, g.columns - n);
    const float* b = g.b + n / kPanel * g.b_panel;
    for (std::int64_t s = 0; s < strips; ++s) {  // strips of nearly equal height: no thin remainder
      const std::int64_t first = g.rows * s / strips, rows = g.rows * (s + 1) / strips - first;
      const Tile run = columns > kLanes ? tile_of<2>(rows) : tile_of<1>(rows);
      run(g, g.a + first * g.a_row, b, g.c + first * g.c_row + n, columns, lines_of(g, tiles++));
    }
  }
}

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
