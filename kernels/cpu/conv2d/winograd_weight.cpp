// The weight gradient through Winograd's tiles: with x and gy mapped, a product of depth "tiles" for each frequency.
// Where the 36 sums are smaller than what is mapped they are kept, and the tiles mapped in rounds that the last-level
// cache holds; where they are larger, all tiles are mapped, and pieces of the sums are finished one by one in L2.
#include <algorithm>

#include "s4l/core/device/device.h"
#include "s4l/kernels/cpu/conv2d/winograd_tiles.h"
#include "s4l/kernels/cpu/parallel.h"
#include "s4l/kernels/cpu/scratch.h"

namespace s4l::cpu {
namespace {

/// x and gy of up to `tiles` tiles, mapped: (36, tiles, channels) and (36, tiles, outputs).
class MappedTiles {
 public:
  MappedTiles(const Winograd& s, const float* x, const float* gy, std::int64_t tiles)
      : shape_(s),
        input_(x, s.images, s.height, s.width, s.channels, s, kIn, s.padding),
        gradient_(gy, s.images, s.out_height, s.out_width, s.outputs, s, kOut, 0),
        x_stride_(tiles * s.channels + kSkew),
        gy_stride_(tiles * s.outputs + kSkew),
        x_(kFrequencies * x_stride_ + gemm_panel_width()),  // a panel may be read to its full width
        gy_(kFrequencies * gy_stride_) {}

  void map(std::int64_t first, std::int64_t count) const {
    constexpr std::int64_t kUnit = 8;
    const Winograd& s = shape_;
    parallel_blocks(count, kUnit, [&](std::int64_t begin, std::int64_t end) {
      const Scratch zeros(std::max(s.channels, s.outputs));
      std::fill_n(zeros.data(), std::max(s.channels, s.outputs), 0.0f);
      for (std::int64_t t = begin; t < end; ++t) {
        input_.map(TileMap::input, first + t, zeros.data(), x_.data() + t * s.channels, x_stride_);
        gradient_.map(TileMap::output_gradient, first + t, zeros.data(), gy_.data() + t * s.outputs, gy_stride_);
      }
    });
  }

  /// Of one frequency, from the given channel or output on.
  const float* x(std::int64_t frequency, std::int64_t channel) const {
    return x_.data() + frequency * x_stride_ + channel;
  }
  const float* gy(std::int64_t frequency, std::int64_t output) const {
    return gy_.data() + frequency * gy_stride_ + output;
  }

 private:
  const Winograd& shape_;
  const Tiles input_, gradient_;
  const std::int64_t x_stride_, gy_stride_;
  const Scratch x_, gy_;
};

void sum_in_rounds(const Winograd& s, const float* x, const float* gy, float* gw) {
  constexpr std::int64_t kRoundFloats = 1 << 20, kMinRound = 128, kRows = 96, kUnit = 8;
  const std::int64_t affordable = std::max(kMinRound, kRoundFloats / (kFrequencies * (s.channels + s.outputs)));
  const std::int64_t round = ceil_div(s.tiles(), ceil_div(s.tiles(), affordable));
  const std::int64_t sum_stride = s.outputs * s.channels + kSkew, slices = ceil_div(s.outputs, kRows);
  const MappedTiles mapped(s, x, gy, round);
  const Scratch sums(kFrequencies * sum_stride);
  for (std::int64_t first = 0; first < s.tiles(); first += round) {
    const std::int64_t count = std::min(round, s.tiles() - first);
    mapped.map(first, count);
    parallel(kFrequencies * slices, [&](std::int64_t task) {
      const std::int64_t f = task / slices, row = task % slices * kRows;
      const std::int64_t next = std::min((task + num_threads()) / slices, kFrequencies - 1);
      gemm({.a = mapped.gy(f, row),
            .a_row = 1,
            .a_depth = s.outputs,
            .b = mapped.x(f, 0),
            .b_depth = s.channels,
            .b_panel = gemm_panel_width(),
            .c = sums.data() + f * sum_stride + row * s.channels,
            .c_row = s.channels,
            .rows = std::min(kRows, s.outputs - row),
            .columns = s.channels,
            .depth = count,
            .add = first > 0,
            .ahead_a = run_ahead(mapped.gy(next, 0), count * s.outputs, count),
            .ahead_b = run_ahead(mapped.x(next, 0), count * s.channels, count)});
    });
  }
  parallel_blocks(s.outputs, kUnit, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t o = begin; o < end; ++o)
      map_tile(TileMap::weight_gradient, {sums.data() + o * s.channels, kIn * sum_stride, sum_stride},
               {gw + o * 9 * s.channels, 3 * s.channels, s.channels}, s.channels);
  });
}

/// Rows [row, row + rows) and columns [column, column + columns) of gw.
struct Piece {
  std::int64_t row, rows, column, columns;
};

void finish_piece(const Winograd& s, const MappedTiles& mapped, const Piece& p, float* gw) {
  constexpr std::int64_t kLine = 16;
  const std::int64_t stride = p.rows * p.columns + kSkew;
  const Scratch sums(kFrequencies * stride);
  for (std::int64_t f = 0; f < kFrequencies; ++f) {
    const std::int64_t next = std::min(f + 1, kFrequencies - 1);
    gemm({.a = mapped.gy(f, p.row),
          .a_row = 1,
          .a_depth = s.outputs,
          .b = mapped.x(f, p.column),
          .b_depth = s.channels,
          .b_panel = gemm_panel_width(),
          .c = sums.data() + f * stride,
          .c_row = p.columns,
          .rows = p.rows,
          .columns = p.columns,
          .depth = s.tiles(),
          .add = false,
          .ahead_a = {mapped.gy(next, p.row), ceil_div(p.rows, kLine), kLine, s.outputs},
          .ahead_b = {mapped.x(next, p.column), ceil_div(p.columns, kLine), kLine, s.channels}});
  }
  for (std::int64_t o = 0; o < p.rows; ++o)
    map_tile(TileMap::weight_gradient, {sums.data() + o * p.columns, kIn * stride, stride},
             {gw + (p.row + o) * 9 * s.channels + p.column, 3 * s.channels, s.channels}, p.columns);
}

void sum_in_pieces(const Winograd& s, const float* x, const float* gy, float* gw) {
  constexpr std::int64_t kRows = 48, kColumns = 64;  // of a piece: 36 times as many floats are half of a 1 MiB L2
  const MappedTiles mapped(s, x, gy, s.tiles());
  mapped.map(0, s.tiles());
  // The last piece of a row takes what remains, so that none has fewer columns than a map needs.
  const std::int64_t parts = (s.channels + kColumns - Winograd::kMinChannels) / kColumns;
  parallel(ceil_div(s.outputs, kRows) * parts, [&](std::int64_t task) {
    const std::int64_t row = task / parts * kRows, part = task % parts, column = part * kColumns;
    const std::int64_t columns = part + 1 == parts ? s.channels - column : kColumns;
    finish_piece(s, mapped, {row, std::min(kRows, s.outputs - row), column, columns}, gw);
  });
}

}  // namespace

void winograd_weight_gradient(const Winograd& s, const float* x, const float* gy, float* gw) {
  const bool sums_are_larger = s.channels * s.outputs >= s.tiles() * (s.channels + s.outputs);
  (sums_are_larger ? sum_in_pieces : sum_in_rounds)(s, x, gy, gw);
}

}  // namespace s4l::cpu
