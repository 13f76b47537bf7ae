#include "s4l/kernels/cpu/conv2d/product.h"

#include <xmmintrin.h>

#include <algorithm>
#include <vector>

#include "s4l/core/device/device.h"
#include "s4l/kernels/cpu/conv2d/padded_rows.h"
#include "s4l/kernels/cpu/conv2d/runs.h"
#include "s4l/kernels/cpu/gemm.h"
#include "s4l/kernels/cpu/parallel.h"
#include "s4l/kernels/cpu/past_caches.h"
#include "s4l/kernels/cpu/scratch.h"

namespace s4l::cpu {
namespace {

constexpr std::int64_t kBlockFloats = 1 << 16;  // of a task's source: a quarter of a MiB stays in any L2
constexpr std::int64_t kMaxDepth = 1024;        // of one gathered block
constexpr std::int64_t kRowUnit = 24;           // a multiple of every micro-kernel's rows
constexpr std::int64_t kMinTasks = 16;          // below it, tasks also divide the output's columns
constexpr std::int64_t kColumnUnit = 64;
constexpr std::int64_t kSkew = kGatherSlack;  // floats between rows: they do not fall into one cache set either
constexpr std::int64_t kLine = 16;            // floats

/// True where windows so many floats apart fall into one set of an L1 cache: then their rows are gathered.
bool alias(std::int64_t floats) {
  constexpr std::int64_t kTurn = 1024;  // 4 KiB: a whole turn through the sets
  return floats >= kLine && std::min(floats % kTurn, kTurn - floats % kTurn) < kLine;
}

/// How a product is divided: by its shape alone.
struct Blocks {
  enum class Windows { in_place, padded, gathered } windows;
  std::int64_t depth, rows, row_blocks, column_blocks, columns;
  explicit Blocks(const Product& p) : windows(windows_of(p.window)) {
    const Window& w = p.window;
    const bool gathered = windows == Windows::gathered;
    const std::int64_t whole = w.depth();
    depth = gathered ? ceil_div(whole, ceil_div(whole, kMaxDepth)) : whole;
    const std::int64_t seen =  // floats of the source for each pixel
        gathered ? depth : std::min(w.step, w.taps_height) * std::min(w.step, w.taps_width) * w.channels;
    const std::int64_t fit =
        std::clamp(kBlockFloats / std::max<std::int64_t>(seen, 1) / kRowUnit, std::int64_t{3}, std::int64_t{20});
    row_blocks = ceil_div(w.pixels(), fit * kRowUnit);
    // Few blocks are made equally high, of many the last may be low: their tiles are full.
    rows = row_blocks < kMinTasks ? ceil_div(w.pixels(), std::max<std::int64_t>(row_blocks, 1)) : fit * kRowUnit;
    if (windows == Windows::padded) {
      rows = PaddedRows::band(w) * w.grid_width;
      row_blocks = ceil_div(w.pixels(), rows);
    }
    const std::int64_t wanted = ceil_div(kMinTasks, std::max<std::int64_t>(row_blocks, 1));
    columns = ceil_div(ceil_div(p.columns, wanted), kColumnUnit) * kColumnUnit;
    column_blocks = ceil_div(p.columns, columns);
  }
  std::int64_t tasks() const { return row_blocks * column_blocks; }

 private:
  static Windows windows_of(const Window& w) {
    if (alias(w.step * w.pitch)) return Windows::gathered;
    // Of few channels a table of runs would be as long as they are.
    return w.channels < kLine && !w.is_source() && PaddedRows::suit(w) ? Windows::padded : Windows::in_place;
  }
};

/// The rows and columns of y that a task computes.
struct Block {
  std::int64_t first, count, column, columns;
  Block(const Product& p, const Blocks& blocks, std::int64_t task)
      : first(task / blocks.column_blocks * blocks.rows),
        count(std::min(blocks.rows, p.window.pixels() - first)),
        column(task % blocks.column_blocks * blocks.columns),
        columns(std::min(blocks.columns, p.columns - column)) {}
};

/// Where the rows of a block of y begin, and the next one, if they are not equally far apart or what lies between them
/// is to be cleared.
class Rows {
 public:
  Rows(const Product& p, const Block& block)
      : dense_((p.end == nullptr || p.pixel_stride == p.columns) &&
               p.row_stride == p.window.grid_width * p.pixel_stride &&
               p.image_stride == p.window.grid_height * p.row_stride),
        scratch_(dense_ ? 0 : (block.count + 1) * kPointerFloats) {
    GridPixel pixel(p.window, block.first);
    for (std::int64_t m = 0; !dense_ && m <= block.count; ++m, pixel.advance(p.window))
      data()[m] = pixel.image == p.window.images ? p.end : row_of(p, pixel) + block.column;
  }
  float** table() const { return dense_ ? nullptr : data(); }
  /// True where a vector can be streamed to each of them.
  static bool aligned(const Product& p) {
    const std::int64_t apart = p.pixel_stride | p.row_stride | p.image_stride;
    return streams_to(p.y, apart * static_cast<std::int64_t>(sizeof(float)));
  }

 private:
  static float* row_of(const Product& p, const GridPixel& pixel) {
    return p.y + pixel.image * p.image_stride + pixel.row * p.row_stride + pixel.column * p.pixel_stride;
  }
  float** data() const { return reinterpret_cast<float**>(scratch_.data()); }
  bool dense_;
  Scratch scratch_;
};

/// Makes [begin, end) 0.
void clear(float* begin, float* end, bool around) {
  constexpr std::int64_t kVector = 4;
  if (around && streams_to(begin, 0))
    for (; begin + kVector <= end; begin += kVector) _mm_stream_ps(begin, _mm_setzero_ps());
  std::fill(begin, end, 0.0f);
}

/// Makes 0 what lies between the rows of a block if p says so: no tap reaches it.
void clear_block(const Product& p, const Block& block, float* const* rows) {
  if (p.end == nullptr || block.column != 0) return;
  for (std::int64_t m = 0; m < block.count; ++m) clear(rows[m] + p.columns, rows[m + 1], p.around);
}

/// The floats of the source that lie before what the window on grid pixel m sees.
std::int64_t floats_before(const Window& w, std::int64_t m) {
  const GridPixel pixel(w, m);
  const std::int64_t row = std::max<std::int64_t>(pixel.row * w.step + w.top, 0),
                     column = std::max<std::int64_t>(pixel.column * w.step + w.left, 0);
  return ((pixel.image * w.height + row) * w.width + column) * w.pitch;
}

/// What this thread will probably read next, if all threads are equally fast, for the tiles of g to ask for.
Ahead next_rows(const Product& p, const Blocks& blocks, std::int64_t task, const Gemm& g) {
  const Window& w = p.window;
  const std::int64_t next = (task + num_threads()) / blocks.column_blocks, first = next * blocks.rows;
  const bool whole = w.channels == w.pitch && w.step <= std::min(w.taps_height, w.taps_width);  // all of it is read
  if (!whole || next == task / blocks.column_blocks || first >= w.pixels()) return {};
  const std::int64_t begin = floats_before(w, first), end = floats_before(w, std::min(first + blocks.rows, w.pixels())),
                     segment = g.depth * kLine, part = g.segments * segment;
  return {w.source + begin, ceil_div(end - begin, part), part, kLine, segment};
}

/// The windows are copied for the product, so much of their depth at a time.
void multiply_gathered(const Product& p, const Blocks& blocks, std::int64_t task, const Block& block, Gemm g) {
  const std::int64_t depth = p.window.depth(), stride = blocks.depth + kSkew;
  const Scratch scratch(block.count * stride);
  g.a = scratch.data();
  g.a_row = stride;
  for (std::int64_t k = 0; k < depth; k += blocks.depth, g.b += blocks.depth * g.b_depth, g.add = true) {
    g.depth = std::min(blocks.depth, depth - k);
    gather(p.window, block.first, block.count, k, k + g.depth, scratch.data(), stride);
    g.ahead_a = k == 0 ? next_rows(p, blocks, task, g) : Ahead();
    gemm(g);
  }
}

/// Each grid row is a product of its own, its source rows copied for all of them.
void multiply_padded(const Product& p, const Blocks&, std::int64_t, const Block& block, Gemm g) {
  const Window& w = p.window;
  const std::int64_t first = block.first / w.grid_width, last = first + block.count / w.grid_width;
  const Scratch scratch(PaddedRows::floats(w, last - first));
  const PaddedRows rows(w, first, last, scratch.data());
  g.a_row = w.step * w.channels;
  g.depth = w.taps_width * w.channels;
  g.segments = w.taps_height;
  g.a_segment = rows.row_floats();
  g.b_segment = g.depth * g.b_depth;
  g.rows = w.grid_width;
  for (std::int64_t row = first; row < last; ++row) {
    g.a = rows.at(row);
    gemm(g);
    if (g.c_rows)
      g.c_rows += g.rows;
    else
      g.c += g.rows * g.c_row;
  }
}

/// The windows are read where they lie.
void multiply_in_place(const Product& p, const Blocks& blocks, std::int64_t task, const Block& block, Gemm g) {
  const Window& w = p.window;
  if (w.is_source()) {
    g.a = w.source + block.first * w.pitch;
    g.a_row = w.pitch;
    g.depth = w.depth();
    g.ahead_a = next_rows(p, blocks, task, g);
    return gemm(g);
  }
  const Runs runs(w, block.first, block.count);
  g.a_rows = runs.data();
  g.depth = runs.floats();
  g.segments = runs.segments();
  g.b_segment = runs.floats() * g.b_depth;
  g.ahead_a = next_rows(p, blocks, task, g);
  gemm(g);
}

void multiply_block(const Product& p, const Blocks& blocks, std::int64_t task) {
  const Block block(p, blocks, task);
  const Rows rows(p, block);
  const std::int64_t width = gemm_panel_width(), depth = p.window.depth();
  const Gemm g{.a_depth = 1,
               .b = p.weights + block.column * depth,
               .b_depth = width,
               .b_panel = depth * width,
               .c = p.y + block.first * p.pixel_stride + block.column,
               .c_row = p.pixel_stride,
               .rows = block.count,
               .columns = block.columns,
               .c_rows = rows.table(),
               .around = p.around && blocks.depth >= depth && Rows::aligned(p)};
  using Windows = Blocks::Windows;
  const auto multiply_windows = blocks.windows == Windows::gathered ? multiply_gathered
                                : blocks.windows == Windows::padded ? multiply_padded
                                                                    : multiply_in_place;
  multiply_windows(p, blocks, task, block, g);
  if (rows.table()) clear_block(p, block, rows.table());
  if (p.around) _mm_sfence();
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
