#pragma once
#include "s4l/kernels/cpu/conv2d/window.h"
#include "s4l/kernels/cpu/scratch.h"

namespace s4l::cpu {

/// What the windows on a block of grid pixels see, where it lies: of each window one run of the source for each kernel
/// row, or for each tap where a kernel row is not contiguous. Only the runs that stand out of the source are copied,
/// with zeros.
class Runs {
 public:
  /// Of grid pixels [first, first + count).
  Runs(const Window& window, std::int64_t first, std::int64_t count);

  /// Runs of a window.
  std::int64_t segments() const { return segments_; }
  /// Floats of a run.
  std::int64_t floats() const { return run_; }
  /// The begin of run s of pixel first + m at [s * count + m].
  const float* const* data() const { return table_; }

 private:
  void point(const GridPixel& pixel, std::int64_t row, std::int64_t column, std::int64_t count, const float** to);
  const float* copied(const float* source, std::int64_t start);

  const Window& window_;
  std::int64_t run_, segments_;
  Scratch scratch_;
  float *zeros_, *copy_;  // a run of zeros, and where the next copy goes
  const float** table_;
};

}  // namespace s4l::cpu
