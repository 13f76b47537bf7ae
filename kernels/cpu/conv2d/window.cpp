#include "s4l/kernels/cpu/conv2d/window.h"

#include <algorithm>
#include <cstring>

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

/// Copies in steps of 16 floats, and so up to 15 too many: cheaper than a call where runs are short.
void copy_in_steps(const float* from, std::int64_t floats, float* to) {
  for (std::int64_t i = 0; i < floats; i += kGatherSlack) std::memcpy(to + i, from + i, kGatherSlack * sizeof(float));
}

}  // namespace

void gather(const Window& w, std::int64_t first, std::int64_t count, std::int64_t begin, std::int64_t end, float* to,
            std::int64_t stride) {
  constexpr std::int64_t kShort = 64;
  const bool long_runs = w.has_long_runs();
  const std::int64_t run = long_runs ? w.taps_width * w.channels : w.channels, runs = long_runs ? 1 : w.taps_width,
                     row_floats = w.width * w.pitch;
  const float* const source_end = w.source + w.images * w.height * row_floats - (w.pitch - w.channels);
  GridPixel pixel(w, first);
  for (std::int64_t m = 0; m < count; ++m, to += stride, pixel.advance(w)) {
    const std::int64_t row = pixel.row * w.step + w.top, column = pixel.column * w.step + w.left;
    std::int64_t i = begin / run / runs, j = begin / run % runs;  // of the kernel's taps
    for (std::int64_t r = begin / run; r * run < end; ++r, i += j + 1 == runs, j = j + 1 == runs ? 0 : j + 1) {
      const std::int64_t y = row + i * w.dilation, start = (column + j * w.dilation) * w.pitch;
      const std::int64_t from = std::max(begin, r * run), until = std::min(end, (r + 1) * run);
      float* const out = to + from - begin;
      if (y < 0 || y >= w.height) {
        std::fill_n(out, until - from, 0.0f);
        continue;
      }
      const float* const source_row = w.source + (pixel.image * w.height + y) * row_floats;
      const bool short_inside = run <= kShort && start >= 0 && start + run <= row_floats;
      if (short_inside && source_end - source_row >= start + kShort + run)
        copy_in_steps(source_row + start + from - r * run, until - from, out);
      else
        gather_run(source_row, row_floats, start, from - r * run, until - r * run, out);
    }
  }
}

}  // namespace s4l::cpu
