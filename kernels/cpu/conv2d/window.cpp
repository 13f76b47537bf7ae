#include "s4l/kernels/cpu/conv2d/window.h"

#include <algorithm>

namespace s4l::cpu {
namespace {

/// Copies columns [begin, end) of one kernel row: zeros, the part of the run inside the source row, zeros.
void gather_run(const float* source_row, std::int64_t row_floats, std::int64_t start, std::int64_t begin,
                std::int64_t end, float* to) {
  const std::int64_t inside_begin = std::clamp(-start, begin, end);
  const std::int64_t inside_end = std::clamp(row_floats - start, inside_begin, end);
  to = std::fill_n(to, inside_begin - begin, 0.0f);
  if (inside_begin < inside_end) to = std::copy_n(source_row + start + inside_begin, inside_end - inside_begin, to);
  std::fill_n(to, end - inside_end, 0.0f);
}

}  // namespace

void gather(const Window& w, std::int64_t first, std::int64_t count, std::int64_t begin, std::int64_t end, float* to,
            std::int64_t stride) {
  const std::int64_t run = w.taps_width * w.channels, row_floats = w.width * w.channels;
  std::int64_t column = first % w.grid_width, row = first / w.grid_width % w.grid_height,
               image = first / (w.grid_width * w.grid_height);
  for (std::int64_t m = 0; m < count; ++m, to += stride) {
    const std::int64_t start = (column * w.step + w.left) * w.channels;
    for (std::int64_t tap = begin / run; tap * run < end; ++tap) {
      const std::int64_t y = row * w.step + w.top + tap, from = std::max(begin, tap * run),
                         until = std::min(end, (tap + 1) * run);
      float* out = to + from - begin;
      if (y < 0 || y >= w.height) std::fill_n(out, until - from, 0.0f);
      else gather_run(w.source + (image * w.height + y) * row_floats, row_floats, start, from - tap * run,
                      until - tap * run, out);
    }
    if (++column < w.grid_width) continue;
    column = 0;
    if (++row < w.grid_height) continue;
    row = 0;
    ++image;
  }
}

}  // namespace s4l::cpu
