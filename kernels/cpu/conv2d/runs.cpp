#include "s4l/kernels/cpu/conv2d/runs.h"

#include <algorithm>

namespace s4l::cpu {
namespace {

std::int64_t run_of(const Window& w) { return w.has_long_runs() ? w.taps_width * w.channels : w.channels; }
std::int64_t segments_of(const Window& w) { return w.has_long_runs() ? w.taps_height : w.taps_height * w.taps_width; }

/// Floats for the copies that `count` pixels may need: a run for each kernel row of a window that stands out sideways.
std::int64_t copied_floats(const Window& w, std::int64_t count) {
  if (!w.has_long_runs()) return 0;  // a tap is inside or outside
  const std::int64_t rows = (count + w.grid_width - 2) / w.grid_width + 1,
                     left = ceil_div(std::max<std::int64_t>(-w.left, 0), w.step);
  const std::int64_t inside =
      std::max<std::int64_t>(w.width - w.taps_width - w.left + w.step, 0) / w.step;  // or left of it
  const std::int64_t right = std::max<std::int64_t>(w.grid_width - inside, 0);
  return std::min(count, rows * std::min(left + right, w.grid_width)) * w.taps_height * run_of(w);
}

}  // namespace

Runs::Runs(const Window& w, std::int64_t first, std::int64_t count)
    : window_(w),
      run_(run_of(w)),
      segments_(segments_of(w)),
      scratch_(count * segments_ * kPointerFloats + run_ + copied_floats(w, count)),
      zeros_(scratch_.data() + count * segments_ * kPointerFloats),
      copy_(zeros_ + run_),
      table_(reinterpret_cast<const float**>(scratch_.data())) {
  std::fill_n(zeros_, run_, 0.0f);
  GridPixel pixel(w, first);
  for (std::int64_t m = 0, in_row; m < count; m += in_row) {
    in_row = std::min(count - m, w.grid_width - pixel.column);
    for (std::int64_t s = 0; s < segments_; ++s) {
      const std::int64_t across = segments_ / w.taps_height;  // runs of a kernel row
      point(pixel, s / across * w.dilation, s % across * w.dilation, in_row, table_ + s * count + m);
    }
    pixel.column += in_row - 1;
    pixel.advance(w);
  }
}

/// Points `to` at the runs that begin `row` rows and `column` columns into the windows of `count` pixels of a grid row.
void Runs::point(const GridPixel& pixel, std::int64_t row, std::int64_t column, std::int64_t count, const float** to) {
  const Window& w = window_;
  const std::int64_t y = pixel.row * w.step + w.top + row, row_floats = w.width * w.pitch, apart = w.step * w.pitch,
                     first = (pixel.column * w.step + w.left + column) * w.pitch;
  if (y < 0 || y >= w.height) return void(std::fill_n(to, count, zeros_));
  const float* const source = w.source + (pixel.image * w.height + y) * row_floats;
  const std::int64_t begin = std::clamp<std::int64_t>(ceil_div(-first, apart), 0, count),
                     end = std::clamp(ceil_div(row_floats - run_ - first + 1, apart), begin, count);
  for (std::int64_t m = 0; m < begin; ++m) to[m] = copied(source, first + m * apart);
  for (std::int64_t m = begin; m < end; ++m) to[m] = source + first + m * apart;
  for (std::int64_t m = end; m < count; ++m) to[m] = copied(source, first + m * apart);
}

/// A copy of the run at `start` of a row of the source, with zeros where it stands out.
const float* Runs::copied(const float* source, std::int64_t start) {
  const std::int64_t begin = std::clamp<std::int64_t>(-start, 0, run_),
                     end = std::clamp<std::int64_t>(window_.width * window_.pitch - start, 0, run_);
  if (begin >= end) return zeros_;
  float* const copy = copy_;
  copy_ += run_;
  std::fill_n(copy, begin, 0.0f);
  std::copy(source + start + begin, source + start + end, copy + begin);
  std::fill(copy + end, copy_, 0.0f);
  return copy;
}

}  // namespace s4l::cpu
