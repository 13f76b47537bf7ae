#include "s4l/kernels/cpu/conv2d/product.h"

#include <xmmintrin.h>

#include <algorithm>
#include <vector>

#include "s4l/core/device/device.h"
#include "s4l/kernels/cpu/conv2d/padded_rows.h"
#include "s4l/kernels/cpu/gemm.h"
#include "s4l/kernels/cpu/parallel.h"
#include "s4l/kernels/cpu/scratch.h"

namespace s4l::cpu {
namespace {

constexpr std::int64_t kBlockFloats = 1 << 16;  // of gathered columns: a quarter of a MiB stays in any L2
constexpr std::int64_t kMaxDepth = 1024;        // of one gathered block
constexpr std::int64_t kRowUnit = 24;           // a multiple of every micro-kernel's rows
constexpr std::int64_t kMinTasks = 16;          // below it, tasks also divide the output's columns
constexpr std::int64_t kColumnUnit = 64;
constexpr std::int64_t kSkew = kGatherSlack;  // floats between rows: they do not fall into one cache set either
constexpr std::int64_t kAliasing = 1024;      // rows of the source this long do fall into one set: gather them
constexpr std::int64_t kLine = 16;            // floats

/// How a product is divided: by its shape alone. `rows` are of A, or of the grid where windows are read in place.
struct Blocks {
  bool in_place;
  std::int64_t depth, rows, row_blocks, column_blocks, columns;
  explicit Blocks(const Product& p) : in_place(!p.window.is_source() && PaddedRows::suit(p.window)) {
    const Window& w = p.window;
    const std::int64_t whole = std::max<std::int64_t>(w.depth(), 1);
    depth = ceil_div(whole, ceil_div(whole, kMaxDepth));
    rows = in_place ? PaddedRows::band(w)
                    : std::clamp(kBlockFloats / depth / kRowUnit, std::int64_t{3}, std::int64_t{20}) * kRowUnit;
    row_blocks = ceil_div(in_place ? w.images * w.grid_height : w.pixels(), rows);
    const std::int64_t wanted = ceil_div(kMinTasks, std::max<std::int64_t>(row_blocks, 1));
    columns = ceil_div(ceil_div(p.columns, wanted), kColumnUnit) * kColumnUnit;
    column_blocks = ceil_div(p.columns, columns);
  }
  std::int64_t tasks() const { return row_blocks * column_blocks; }
};

/// A block whose windows are read in place: panel by panel, each grid row one product of a segment per kernel row.
void multiply_in_place(const Product& p, const Blocks& blocks, std::int64_t task) {
  const Window& w = p.window;
  const std::int64_t width = gemm_panel_width(), run = w.taps_width * w.channels;
  const std::int64_t first = task / blocks.column_blocks * blocks.rows,
                     last = std::min(w.images * w.grid_height, first + blocks.rows);
  const std::int64_t begin = task % blocks.column_blocks * blocks.columns,
                     end = std::min(p.columns, begin + blocks.columns);
  const Scratch scratch(PaddedRows::floats(w, last - first));
  const PaddedRows rows(w, first, last, scratch.data());
  for (std::int64_t n = begin; n < end; n += width)
    for (std::int64_t row = first; row < last; ++row)
      gemm({.a = rows.at(row),
            .a_row = w.step * w.channels,
            .a_depth = 1,
            .b = p.weights + n * w.depth(),
            .b_depth = width,
            .b_panel = w.depth() * width,
            .c = p.y + row / w.grid_height * p.image_stride + row % w.grid_height * p.row_stride + n,
            .c_row = p.pixel_stride,
            .rows = w.grid_width,
            .columns = std::min(width, end - n),
            .depth = run,
            .add = false,
            .segments = w.taps_height,
            .a_segment = rows.row_floats(),
            .b_segment = run * width,
            .around = p.around});
  if (p.around) _mm_sfence();
}

/// Moves the rows of a finished block to the pixels they belong to; without a block, these become 0.
void scatter(const Product& p, std::int64_t first, std::int64_t count, std::int64_t column, std::int64_t columns,
             const float* from) {
  GridPixel pixel(p.window, first);
  for (std::int64_t m = 0; m < count; ++m, pixel.advance(p.window)) {
    float* const to =
        p.y + pixel.image * p.image_stride + pixel.row * p.row_stride + pixel.column * p.pixel_stride + column;
    if (from == nullptr)
      std::fill_n(to, columns, 0.0f);
    else
      std::copy_n(from + m * columns, columns, to);
  }
}

/// The rows of the source that this thread will probably read next, if all threads are equally fast.
Ahead next_rows(const Product& p, const Blocks& blocks, std::int64_t task, std::int64_t depth) {
  const Window& w = p.window;
  const std::int64_t next = (task + num_threads()) / blocks.column_blocks;
  if (!w.is_source() || w.channels != w.pitch || next == task / blocks.column_blocks) return {};
  const std::int64_t first = next * blocks.rows, count = std::min(blocks.rows, w.pixels() - first);
  if (count <= 0) return {};
  return {w.source + first * w.pitch, ceil_div(count * w.pitch, depth * kLine), depth * kLine, kLine};
}

void multiply_block(const Product& p, const Blocks& blocks, std::int64_t task) {
  if (blocks.in_place) return multiply_in_place(p, blocks, task);
  const Window& w = p.window;
  const std::int64_t width = gemm_panel_width(), depth = w.depth();
  const std::int64_t first = task / blocks.column_blocks * blocks.rows;
  const std::int64_t count = std::min(blocks.rows, w.pixels() - first);
  const std::int64_t column = task % blocks.column_blocks * blocks.columns;
  const std::int64_t columns = std::min(blocks.columns, p.columns - column);
  const bool gathered = !w.is_source() || w.pitch >= kAliasing;
  if (depth == 0) return scatter(p, first, count, column, columns, nullptr);  // no tap sees them: the stride skips
  const bool dense = p.row_stride == w.grid_width * p.pixel_stride && p.image_stride == w.grid_height * p.row_stride;
  const std::int64_t stride = blocks.depth + kSkew;
  const Scratch scratch((gathered ? count * stride : 0) + (dense ? 0 : count * columns));
  float* const out = dense ? p.y + first * p.pixel_stride + column : scratch.data() + (gathered ? count * stride : 0);
  const bool around = p.around && dense && blocks.depth >= depth;
  for (std::int64_t k = 0; k < depth; k += blocks.depth) {
    const std::int64_t end = std::min(depth, k + blocks.depth);
    if (gathered) gather(w, first, count, k, end, scratch.data(), stride);
    gemm({.a = gathered ? scratch.data() : w.source + first * w.pitch + k,
          .a_row = gathered ? stride : w.pitch,
          .a_depth = 1,
          .b = p.weights + column / width * depth * width + k * width,
          .b_depth = width,
          .b_panel = depth * width,
          .c = out,
          .c_row = dense ? p.pixel_stride : columns,
          .rows = count,
          .columns = columns,
          .depth = end - k,
          .add = k > 0,
          .ahead_a = k == 0 ? next_rows(p, blocks, task, end) : Ahead(),
          .around = around});
  }
  if (around) _mm_sfence();
  if (!dense) scatter(p, first, count, column, columns, out);
}

}  // namespace

void multiply(std::span<const Product> products) {
  std::vector<Blocks> blocks;
  std::vector<std::int64_t> ends;
  for (const Product& p : products) {
    blocks.emplace_back(p);
    ends.push_back((ends.empty() ? 0 : ends.back()) + blocks.back().tasks());
  }
  parallel(ends.back(), [&](std::int64_t task) {
    const std::size_t i = std::upper_bound(ends.begin(), ends.end(), task) - ends.begin();
    multiply_block(products[i], blocks[i], task - (i == 0 ? 0 : ends[i - 1]));
  });
}

}  // namespace s4l::cpu
