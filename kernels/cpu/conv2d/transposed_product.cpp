// Weight gradients: sums over pixels, of which the matrix product's depth consists. Chunks of pixels have sums of their
// own, which are added in order at the end.
#include <algorithm>

#include "s4l/core/device/device.h"
#include "s4l/kernels/cpu/conv2d/padded_rows.h"
#include "s4l/kernels/cpu/conv2d/product.h"
#include "s4l/kernels/cpu/gemm.h"
#include "s4l/kernels/cpu/parallel.h"
#include "s4l/kernels/cpu/scratch.h"

namespace s4l::cpu {
namespace {

constexpr std::int64_t kRowUnit = 24;  // a multiple of every micro-kernel's rows
constexpr std::int64_t kColumnUnit = 64;
constexpr std::int64_t kLine = 16;  // floats

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
                     first = chunk * rows, last = std::min(w.images * w.grid_height, first + rows),
                     band = PaddedRows::band(w);
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
  const std::int64_t stride = ceil_div(columns, width) * width + kGatherSlack;
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
