#include "s4l/kernels/cpu/conv2d/padded_rows.h"

#include <algorithm>

namespace s4l::cpu {
namespace {

constexpr std::int64_t kSlack =
    kGatherSlack;  // behind each row: rows do not alias, and vectors may read beyond the last

std::int64_t span(std::int64_t grid, std::int64_t taps, std::int64_t step) { return (grid - 1) * step + taps; }

std::int64_t padded_floats(const Window& w) { return span(w.grid_width, w.taps_width, w.step) * w.channels + kSlack; }

bool stands_out(const Window& w) {
  return w.top < 0 || w.left < 0 || w.top + span(w.grid_height, w.taps_height, w.step) > w.height ||
         w.left + span(w.grid_width, w.taps_width, w.step) > w.width;
}

}  // namespace

bool PaddedRows::suit(const Window& w) {
  constexpr std::int64_t kAliasing = 1024;  // floats: 4 KiB, a whole turn through the sets of an L1 cache
  constexpr std::int64_t kMinWidth = 6;     // a grid row is the rows of one product: too few do not pay
  return w.has_long_runs() && w.depth() > 0 && w.pixels() > 0 && w.grid_width >= kMinWidth &&
         w.step * w.channels < kAliasing;
}

std::int64_t PaddedRows::band(const Window& w) {
  constexpr std::int64_t kFloats = 1 << 16, kMaxPixels = 1024;
  const std::int64_t affordable = kFloats / (w.step * w.step * w.grid_width * w.channels);
  return std::max<std::int64_t>(std::min(affordable, kMaxPixels / w.grid_width), 1);
}

std::int64_t PaddedRows::floats(const Window& w, std::int64_t rows) {
  if (!stands_out(w)) return 0;
  const std::int64_t images = (rows + w.grid_height - 2) / w.grid_height + 1;
  return (rows * w.step + images * w.taps_height) * padded_floats(w) + kSlack;
}

PaddedRows::PaddedRows(const Window& w, std::int64_t first, std::int64_t last, float* memory)
    : window_(w), first_(first), last_(last) {
  const bool copied = stands_out(w);
  memory_ = copied ? memory : nullptr;
  row_floats_ = copied ? padded_floats(w) : w.width * w.channels;
  if (copied)
    for (std::int64_t row = first; row < last; row += rows_of_image(row)) {
      copy_image_rows(row, memory);
      memory += buffer_rows(rows_of_image(row)) * row_floats_;
    }
}

const float* PaddedRows::at(std::int64_t row) const {
  const Window& w = window_;
  const std::int64_t image = row / w.grid_height, in_image = row % w.grid_height;
  if (memory_ == nullptr)
    return w.source + ((image * w.height + in_image * w.step + w.top) * w.width + w.left) * w.channels;
  const std::int64_t images = image - first_ / w.grid_height;
  const std::int64_t before =
      images == 0 ? (row - first_) * w.step
                  : buffer_rows(rows_of_image(first_)) + (images - 1) * buffer_rows(w.grid_height) + in_image * w.step;
  return memory_ + before * row_floats_;
}

std::int64_t PaddedRows::rows_of_image(std::int64_t row) const {
  return std::min(last_ - row, window_.grid_height - row % window_.grid_height);
}

void PaddedRows::copy_image_rows(std::int64_t row, float* to) const {
  const Window& w = window_;
  const std::int64_t top = row % w.grid_height * w.step + w.top, count = buffer_rows(rows_of_image(row)),
                     width = row_floats_ - kSlack, source_floats = w.width * w.channels, start = w.left * w.channels;
  const float* const image = w.source + row / w.grid_height * w.height * source_floats;
  const std::int64_t begin = std::clamp<std::int64_t>(-start, 0, width),
                     end = std::clamp<std::int64_t>(source_floats - start, begin, width);
  for (std::int64_t i = 0; i < count; ++i, to += row_floats_) {
    if (i % w.step >= w.taps_height) continue;  // between the windows
    const bool inside = top + i >= 0 && top + i < w.height;
    std::fill_n(to, inside ? begin : row_floats_, 0.0f);
    if (!inside) continue;
    std::copy_n(image + (top + i) * source_floats + start + begin, end - begin, to + begin);
    std::fill(to + end, to + row_floats_, 0.0f);
  }
}

}  // namespace s4l::cpu
