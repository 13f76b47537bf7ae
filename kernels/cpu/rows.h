#pragma once
#include <algorithm>
#include <cstdint>

#include "s4l/kernels/cpu/parallel_sum.h"

namespace s4l::cpu {

/// Up to that many columns a row lies in one lane of many vectors (rows-inl.h): it would fill few of its own.
constexpr std::int64_t kNarrow = 128;

/// What a formula of rows reads and writes, all (rows, columns): `a`, maybe `b`, maybe `to`.
template <class T>
struct RowMatrices {
  const T *a, *b;
  T* to;
  std::int64_t rows, columns;
  bool around;  ///< write `to` past the caches
};

/// Rows to a task, so that it is worth handing out.
template <class T>
std::int64_t rows_of_task(const RowMatrices<T>& m) {
  constexpr std::int64_t kElements = 1 << 14, kWhole = 64;  // so many rows fill vectors, and end lines
  const std::int64_t fit = kElements / std::max<std::int64_t>(m.columns, 1);
  return fit < kWhole ? std::max<std::int64_t>(fit, 1) : fit / kWhole * kWhole;
}

/// A row's worth of numbers, where rows are not narrow.
template <class T>
class RowScratch {
 public:
  explicit RowScratch(const RowMatrices<T>& m)
      : floats_(m.columns <= kNarrow ? 0 : m.columns * static_cast<std::int64_t>(sizeof(T) / sizeof(float))) {}
  T* data() const { return reinterpret_cast<T*>(floats_.data()); }

 private:
  Scratch floats_;
};

/// Calls body(begin, end, scratch) for all rows.
template <class T, class Body>
void parallel_rows(const RowMatrices<T>& m, const Body& body) {
  parallel_blocks(m.rows, rows_of_task(m),
                  [&](std::int64_t begin, std::int64_t end) { body(begin, end, RowScratch<T>(m).data()); });
}

/// The same, and the sum of what body returns.
template <class T, class Body>
double sum_rows(const RowMatrices<T>& m, const Body& body) {
  return sum_blocks(m.rows, rows_of_task(m),
                    [&](std::int64_t begin, std::int64_t end) { return body(begin, end, RowScratch<T>(m).data()); });
}

}  // namespace s4l::cpu
