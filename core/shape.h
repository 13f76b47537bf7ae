#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>

namespace s4l {

/// The sizes of a tensor, outermost first. Trivially copyable, so that a kernel takes it by value.
struct Shape {
  static constexpr int kMaxRank = 6;

  std::int64_t dims[kMaxRank]{};
  int rank = 0;

  constexpr Shape() = default;
  constexpr Shape(std::initializer_list<std::int64_t> sizes) {
    for (std::int64_t size : sizes) {
      if (rank == kMaxRank) throw "Shape: more than 6 dimensions";
      dims[rank++] = size;
    }
  }

  constexpr std::int64_t operator[](int axis) const { return dims[axis]; }
  constexpr std::int64_t& operator[](int axis) { return dims[axis]; }

  /// Number of elements; 1 for a scalar (rank 0).
  constexpr std::int64_t numel() const {
    std::int64_t n = 1;
    for (int i = 0; i < rank; ++i) n *= dims[i];
    return n;
  }

  /// Size of the last dimension; 1 for a scalar.
  constexpr std::int64_t last() const { return rank == 0 ? 1 : dims[rank - 1]; }

  friend constexpr bool operator==(const Shape& a, const Shape& b) {
    if (a.rank != b.rank) return false;
    for (int i = 0; i < a.rank; ++i)
      if (a.dims[i] != b.dims[i]) return false;
    return true;
  }
};

/// "(8, 32, 32, 3)"
std::string to_text(const Shape& shape);

}  // namespace s4l
