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

/// Grid rows whose windows are read in place, at a time.
std::int64_t band_of(const Window& w) {
  constexpr std::int64_t kMaxPixels = 1024;
  const std::int64_t affordable = kBlockFloats / (w.step * w.step * w.grid_width * w.channels);
  return std::max<std::int64_t>(std::min(affordable, kMaxPixels / w.grid_width), 1);
}

/// How a product is divided: by its shape alone. `rows` are of A, or of the grid where windows are read in place.
struct Blocks {
  bool in_place;
  std::int64_t depth, rows, row_blocks, column_blocks, columns;
  explicit Blocks(const Product& p) : in_place(!p.window.is_source() && PaddedRows::suit(p.window)) {
    const Window& w = p.window;
    const std::int64_t whole = std::max<std::int64_t>(w.depth(), 1);
    depth = ceil_div(whole, ceil_div(whole, kMaxDepth));
    rows = in_place ? band_of(w)
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

/// True where the window is one pixel and all grid rows lie equally far apart, also from image to image.
bool rows_in_line(const Window& w) {
  return w.taps_height == 1 && w.taps_width == 1 && w.top == 0 && w.left == 0 && w.height == w.step * w.grid_height;
}

/// How a weight gradient is divided: into pieces of rows and columns whose sums stay in L2, times chunks of pixels
/// whose sums are added in order. Where windows are read in place, the sums are those of the transpose, depth x
/// outputs: vectors then run along the outputs, and the kernel rows need not fill any.
struct Chunks {
  static constexpr std::int64_t kTasks = 32, kMinPixels = 512, kMaxFloats = 8 << 20, kSliceFloats = 1 << 17,
                                kMinGrid = 128, kSide = 128, kBlock = 256;
  bool in_place, gathered;
  std::int64_t segment;  // pixels that lie in line, as many as wanted where 0
  std::int64_t pieces, piece, slices, slice, chunks, pixels, floats;
  Chunks(const TransposedProduct& p, std::int64_t groups) {
    const Window& w = p.window;
    in_place = w.taps_width > 1 && PaddedRows::suit(w) && p.outputs % (gemm_panel_width() / 2) == 0 &&
               w.grid_height * w.grid_width >= kMinGrid;
    gathered = !(w.is_source() || rows_in_line(w)) || w.depth() % (gemm_panel_width() / 2) != 0;
    segment = in_place || !(gathered || w.is_source()) ? w.grid_width : 0;
    const std::int64_t side = gathered ? 2 * kSide : kSide;  // each piece gathers again
    const std::int64_t columns = in_place ? p.outputs : w.depth();
    const std::int64_t wanted_slice = in_place ? kSliceFloats / w.depth() : side;
    floats = p.outputs * w.depth();
    slice =
        ceil_div(ceil_div(columns, ceil_div(columns, std::max(wanted_slice, kColumnUnit))), kColumnUnit) * kColumnUnit;
    slices = ceil_div(columns, slice);
    pieces = in_place ? 1 : ceil_div(p.outputs, side);
    piece = ceil_div(p.outputs, pieces);
    const std::int64_t affordable = std::max<std::int64_t>(kMaxFloats / (groups * floats), 1);
    const std::int64_t wanted =
        std::min({ceil_div(kTasks, groups * pieces * slices), ceil_div(w.pixels(), kMinPixels), affordable});
    const std::int64_t unit = segment > 0 ? segment : kRowUnit;
    pixels = ceil_div(ceil_div(w.pixels(), wanted), unit) * unit;
    chunks = ceil_div(w.pixels(), pixels);
  }
  std::int64_t tasks() const { return chunks * slices * pieces; }
};

/// One slice of the transposed sums over one chunk of pixels.
void multiply_chunk_in_place(const TransposedProduct& p, const Chunks& plan, std::int64_t chunk, std::int64_t slice,
                             float* sums) {
  const Window& w = p.window;
  const std::int64_t run = w.taps_width * w.channels, begin = slice * plan.slice, rows = plan.pixels / w.grid_width,
                     first = chunk * rows, last = std::min(w.images * w.grid_height, first + rows), band = band_of(w);
  const Scratch scratch(PaddedRows::floats(w, std::min(band, last - first)));
  for (std::int64_t from = first; from < last; from += band) {
    const PaddedRows source(w, from, std::min(last, from + band), scratch.data());
    for (std::int64_t row = from, count; row < std::min(last, from + band); row += count) {
      count = source.rows_of_image(row);
      for (std::int64_t tap = 0; tap < w.taps_height; ++tap)
        gemm({.a = source.at(row) + tap * source.row_floats(),
              .a_row = 1,
              .a_depth = w.step * w.channels,
              .b = p.gy + row * w.grid_width * p.pitch + begin,
              .b_depth = p.pitch,
              .b_panel = gemm_panel_width(),
              .c = sums + tap * run * p.outputs + begin,
              .c_row = p.outputs,
              .rows = run,
              .columns = std::min(plan.slice, p.outputs - begin),
              .depth = w.grid_width,
              .add = row > first,
              .segments = count,
              .a_segment = w.step * source.row_floats(),
              .b_segment = w.grid_width * p.pitch});
    }
  }
}

/// A task of a weight gradient that is not computed in place: a piece of the sums, by rows and columns, over a chunk of
/// pixels, `block` at a time.
struct Piece {
  std::int64_t chunk, row, rows, begin, end, first, last, block;
  Piece(const TransposedProduct& p, const Chunks& plan, std::int64_t task)
      : chunk(task / (plan.slices * plan.pieces)),
        row(task / plan.slices % plan.pieces * plan.piece),
        rows(std::min(plan.piece, p.outputs - row)),
        begin(task % plan.slices * plan.slice),
        end(std::min(p.window.depth(), begin + plan.slice)),
        first(chunk * plan.pixels),
        last(std::min(p.window.pixels(), first + plan.pixels)) {
    const std::int64_t unit = std::max<std::int64_t>(plan.segment, 1);
    block = ceil_div(ceil_div(last - first, ceil_div(last - first, Chunks::kBlock)), unit) * unit;
  }

  /// Where pixel m's source lies, which begins a segment.
  const float* source(const Window& w, std::int64_t m) const {
    const std::int64_t rows_apart = w.step * w.width * w.pitch;
    return w.source + begin + (w.is_source() ? m * w.pitch : m / w.grid_width * rows_apart);
  }
};

/// Computes task `task` of product p; the next block is brought near meanwhile, after the last one that of the task
/// that this thread will probably take next.
void multiply_piece(const TransposedProduct& p, const Chunks& plan, std::int64_t task, float* sums) {
  const Window& w = p.window;
  const Piece piece(p, plan, task), after(p, plan, std::min(task + num_threads(), plan.tasks() - 1));
  const std::int64_t width = gemm_panel_width(), depth = w.depth(), columns = piece.end - piece.begin;
  const std::int64_t stride = ceil_div(columns, width) * width + kSkew;
  const Scratch gathered(plan.gathered ? piece.block * stride : 0);
  for (std::int64_t m = piece.first; m < piece.last; m += piece.block) {
    const std::int64_t count = std::min(piece.block, piece.last - m);
    if (plan.gathered) gather(w, m, count, piece.begin, piece.end, gathered.data(), stride);
    const bool more = m + count < piece.last;
    const Piece& next = more ? piece : after;
    const std::int64_t at = more ? m + count : after.first, segment = plan.segment > 0 ? plan.segment : count;
    const std::int64_t pixel = plan.gathered ? stride : w.step * w.pitch,
                       row = plan.gathered ? segment * stride : w.step * w.width * w.pitch;
    gemm({.a = p.gy + m * p.pitch + piece.row,
          .a_row = 1,
          .a_depth = p.pitch,
          .b = plan.gathered ? gathered.data() : piece.source(w, m),
          .b_depth = pixel,
          .b_panel = width,
          .c = sums + piece.row * depth + piece.begin,
          .c_row = depth,
          .rows = piece.rows,
          .columns = columns,
          .depth = segment,
          .add = m > piece.first,
          .segments = count / segment,
          .a_segment = segment * p.pitch,
          .b_segment = row,
          .ahead_a = {p.gy + at * p.pitch + next.row, ceil_div(next.rows, kLine), kLine, p.pitch, segment * p.pitch},
          .ahead_b = {next.source(w, at), plan.gathered ? 0 : ceil_div(next.end - next.begin, kLine), kLine, pixel,
                      row}});
  }
}

/// Adds each product's chunks in order, and writes the sums where they belong.
void add_chunks(std::span<const TransposedProduct> products, const Chunks& plan, float* sums) {
  constexpr std::int64_t kBlock = 1 << 12;
  const std::int64_t groups = static_cast<std::int64_t>(products.size()), blocks = ceil_div(plan.floats, kBlock);
  parallel(groups * blocks, [&](std::int64_t task) {
    const TransposedProduct& p = products[task / blocks];
    float* const first = sums + task / blocks * plan.chunks * plan.floats;
    const std::int64_t begin = task % blocks * kBlock, end = std::min(plan.floats, begin + kBlock);
    for (std::int64_t chunk = 1; chunk < plan.chunks; ++chunk)
      for (std::int64_t i = begin; i < end; ++i) first[i] += first[chunk * plan.floats + i];
    if (!plan.in_place) return void(std::copy(first + begin, first + end, p.gw + begin));
    for (std::int64_t i = begin; i < end; ++i) p.gw[i % p.outputs * p.window.depth() + i / p.outputs] = first[i];
  });
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

void multiply_transposed(std::span<const TransposedProduct> products) {
  const std::int64_t groups = static_cast<std::int64_t>(products.size());
  if (products[0].window.pixels() == 0) {
    for (const TransposedProduct& p : products) std::fill_n(p.gw, p.outputs * p.window.depth(), 0.0f);
    return;
  }
  const Chunks plan(products[0], groups);
  const bool apart = plan.chunks > 1 || plan.in_place;
  const Scratch scratch(apart ? groups * plan.chunks * plan.floats : 0);
  parallel(groups * plan.tasks(), [&](std::int64_t task) {
    const TransposedProduct& p = products[task / plan.tasks()];
    const std::int64_t chunk = task / (plan.slices * plan.pieces);
    float* const sums = apart ? scratch.data() + chunk * plan.floats : p.gw;
    if (plan.in_place)
      multiply_chunk_in_place(p, plan, chunk % plan.chunks, task % plan.slices, sums);
    else
      multiply_piece(p, plan, task % plan.tasks(), sums);
  });
  if (apart) add_chunks(products, plan, scratch.data());
}

}  // namespace s4l::cpu
