#pragma once
#include <cstdint>

namespace s4l::cpu {

/// Memory that a later product reads, brought near on the side: line k of part t at data + t * part + k * step, that of
/// the s-th segment s * segment further.
struct Ahead {
  const float* data = nullptr;
  std::int64_t parts = 0, part = 0, step = 0, segment = 0;
};

/// C (rows x columns) = A (rows x depth) B (depth x columns), or C += A B. A has any strides, so a transposed
/// matrix is the same matrix with its strides exchanged. B is read in panels of gemm_panel_width() columns:
/// element (k, n) lies at b[n / width * b_panel + k * b_depth + n % width], and the last panel must be readable to its
/// full width, or to half of it where that holds all columns. The rows of C are contiguous. The depth may be divided
/// into segments of `depth` each, the s-th at a + s * a_segment and b + s * b_segment.
struct Gemm {
  const float* a = nullptr;
  std::int64_t a_row = 0, a_depth;
  const float* b;
  std::int64_t b_depth, b_panel;
  float* c;
  std::int64_t c_row;
  std::int64_t rows, columns, depth = 0;
  bool add = false;
  std::int64_t segments = 1, a_segment = 0, b_segment = 0;
  Ahead ahead_a = {}, ahead_b = {};      ///< a part of them with each of the micro-kernel's tiles, a line with each k
  const float* const* a_rows = nullptr;  ///< if given, row m of segment s of A begins at a_rows[s * rows + m]
  float* const* c_rows = nullptr;        ///< if given, row m of C begins at c_rows[m]
  bool around = false;  ///< write past the caches where C's rows allow it, as all of c_rows must; FlushStream() is due
};

/// Computes it on the calling thread. Each element is one sum over k in ascending order, whatever the sizes.
void gemm(const Gemm& g);

/// Columns per panel of B: two vectors of the instruction set in use.
std::int64_t gemm_panel_width();

}  // namespace s4l::cpu
