#pragma once
#include <algorithm>
#include <cstdint>

#include "s4l/kernels/cpu/parallel.h"
#include "s4l/kernels/cpu/scratch.h"

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

/// Calls body(begin, end, scratch of a row's size) for all rows.
template <class T, class Body>
void parallel_rows(const RowMatrices<T>& m, const Body& body) {
  parallel_blocks(m.rows, rows_of_task(m), [&](std::int64_t begin, std::int64_t end) {
    const Scratch row(m.columns <= kNarrow ? 0 : m.columns * static_cast<std::int64_t>(sizeof(T) / sizeof(float)));
    body(begin, end, reinterpret_cast<T*>(row.data()));
  });
}

/// The same, and the sum of what body returns, in the order of the rows.
template <class T, class Body>
double sum_over_rows(const RowMatrices<T>& m, const Body& body) {
  const std::int64_t block = rows_of_task(m), tasks = (m.rows + block - 1) / block;
  const Scratch memory(2 * tasks);
  auto* const parts = reinterpret_cast<double*>(memory.data());
  parallel_rows(m, [&](std::int64_t begin, std::int64_t end, T* row) { parts[begin / block] = body(begin, end, row); });
  double sum = 0;
  for (std::int64_t i = 0; i < tasks; ++i) sum += parts[i];
  return sum;
}

}  // namespace s4l::cpu
