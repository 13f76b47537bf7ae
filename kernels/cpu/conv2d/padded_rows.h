#pragma once
#include "s4l/kernels/cpu/conv2d/window.h"

namespace s4l::cpu {

/// The source rows that a band of grid rows looks at, with zeros where windows stand out: there every kernel row is one
/// run, and neighbouring windows lie step * channels floats apart. So a product can read A in place, kernel row by
/// kernel row, and each source row is copied once instead of once for each tap; not at all where no window stands out.
class PaddedRows {
 public:
  /// True where a product gains by it: long runs, and windows that do not fall into one cache set.
  static bool suit(const Window& window);
  /// Grid rows to be read at a time: their sources stay in L2.
  static std::int64_t band(const Window& window);
  /// Floats that `rows` grid rows may need.
  static std::int64_t floats(const Window& window, std::int64_t rows);

  /// Grid rows [first, last), counted over all images; copies to `memory`, which stays the caller's.
  PaddedRows(const Window& window, std::int64_t first, std::int64_t last, float* memory);

  /// The first tap of the window on grid pixel (row, 0).
  const float* at(std::int64_t row) const;
  /// Floats from one kernel row to the next.
  std::int64_t row_floats() const { return row_floats_; }
  /// The rows from `row` on that are of the same image, up to the last: their windows lie step * row_floats() apart.
  std::int64_t rows_of_image(std::int64_t row) const;

 private:
  void copy_image_rows(std::int64_t row, float* to) const;
  std::int64_t buffer_rows(std::int64_t rows) const { return (rows - 1) * window_.step + window_.taps_height; }

  const Window& window_;
  std::int64_t first_, last_, row_floats_;
  const float* memory_;  // null where the source itself is read
};

}  // namespace s4l::cpu
