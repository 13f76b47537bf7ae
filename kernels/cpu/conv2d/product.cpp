#include "s4l/kernels/cpu/conv2d/product.h"

#include <algorithm>
#include <vector>

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
constexpr std::int64_t kAliasing = 512;       // rows of the source this long do fall into few sets: gather them

/// How a product is divided: by its shape alone.
struct Blocks {
  std::int64_t depth, rows, row_blocks, column_blocks, columns;
  explicit Blocks(const Product& p) {
    const std::int64_t whole = std::max<std::int64_t>(p.window.depth(), 1);
    depth = ceil_div(whole, ceil_div(whole, kMaxDepth));
    rows = std::clamp(kBlockFloats / depth / kRowUnit, std::int64_t{3}, std::int64_t{20}) * kRowUnit;
    row_blocks = ceil_div(p.window.pixels(), rows);
    const std::int64_t wanted = ceil_div(kMinTasks, std::max<std::int64_t>(row_blocks, 1));
    columns = ceil_div(ceil_div(p.columns, wanted), kColumnUnit) * kColumnUnit;
    column_blocks = ceil_div(p.columns, columns);
  }
  std::int64_t tasks() const { return row_blocks * column_blocks; }
};

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

void multiply_block(const Product& p, const Blocks& blocks, std::int64_t task) {
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
          .add = k > 0});
  }
  if (!dense) scatter(p, first, count, column, columns, out);
}

/// How a weight gradient is divided: into slices of columns, times chunks of pixels whose sums are added in order.
struct Chunks {
  static constexpr std::int64_t kSlice = 512, kTasks = 32, kMinPixels = 512, kMaxFloats = 8 << 20;
  std::int64_t slices, slice, chunks, pixels, floats;
  Chunks(const TransposedProduct& p, std::int64_t groups) {
    const std::int64_t depth = p.window.depth();
    floats = p.outputs * depth;
    slice = ceil_div(ceil_div(depth, ceil_div(depth, kSlice)), kColumnUnit) * kColumnUnit;
    slices = ceil_div(depth, slice);
    const std::int64_t affordable = std::max<std::int64_t>(kMaxFloats / (groups * floats), 1);
    const std::int64_t wanted =
        std::min({ceil_div(kTasks, groups * slices), ceil_div(p.window.pixels(), kMinPixels), affordable});
    pixels = ceil_div(ceil_div(p.window.pixels(), wanted), kRowUnit) * kRowUnit;
    chunks = ceil_div(p.window.pixels(), pixels);
  }
};

/// One slice of the sums over one chunk of pixels.
void multiply_chunk(const TransposedProduct& p, const Chunks& plan, std::int64_t chunk, std::int64_t slice,
                    float* sums) {
  const Window& w = p.window;
  const std::int64_t width = gemm_panel_width(), depth = w.depth();
  const std::int64_t begin = slice * plan.slice, end = std::min(depth, begin + plan.slice);
  const bool gathered = !w.is_source() || depth % width != 0;
  const std::int64_t stride = ceil_div(end - begin, width) * width + kSkew;
  const std::int64_t block = std::max<std::int64_t>(kBlockFloats / stride / kRowUnit, 1) * kRowUnit;
  const Scratch columns(gathered ? block * stride : 0);
  const std::int64_t first = chunk * plan.pixels, last = std::min(w.pixels(), first + plan.pixels);
  for (std::int64_t m = first; m < last; m += block) {
    const std::int64_t count = std::min(block, last - m);
    if (gathered) gather(w, m, count, begin, end, columns.data(), stride);
    gemm({.a = p.gy + m * p.pitch,
          .a_row = 1,
          .a_depth = p.pitch,
          .b = gathered ? columns.data() : w.source + m * w.pitch + begin,
          .b_depth = gathered ? stride : w.pitch,
          .b_panel = width,
          .c = sums + begin,
          .c_row = depth,
          .rows = p.outputs,
          .columns = end - begin,
          .depth = count,
          .add = m > first});
  }
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
  const Scratch scratch(plan.chunks > 1 ? groups * plan.chunks * plan.floats : 0);
  parallel(groups * plan.chunks * plan.slices, [&](std::int64_t task) {
    const TransposedProduct& p = products[task / plan.slices / plan.chunks];
    float* const sums = plan.chunks > 1 ? scratch.data() + task / plan.slices * plan.floats : p.gw;
    multiply_chunk(p, plan, task / plan.slices % plan.chunks, task % plan.slices, sums);
  });
  if (plan.chunks == 1) return;
  constexpr std::int64_t kBlock = 1 << 12;
  const std::int64_t blocks = ceil_div(plan.floats, kBlock);
  parallel(groups * blocks, [&](std::int64_t task) {
    const std::int64_t group = task / blocks, begin = task % blocks * kBlock,
                       end = std::min(plan.floats, begin + kBlock);
    const float* const sums = scratch.data() + group * plan.chunks * plan.floats;
    float* const gw = products[group].gw;
    std::copy(sums + begin, sums + end, gw + begin);
    for (std::int64_t chunk = 1; chunk < plan.chunks; ++chunk)
      for (std::int64_t i = begin; i < end; ++i) gw[i] += sums[chunk * plan.floats + i];
  });
}

}  // namespace s4l::cpu
