#pragma once
#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "s4l/core/dtype.h"

namespace s4l::emulated {

/// Calls body.operator()<T>() with the C++ type of `dtype`, one of the four that libraries multiply.
template <class Body>
void with_multiplied(DType dtype, const Body& body) {
  switch (dtype) {
    case DType::bf16:
      return body.template operator()<bf16>();
    case DType::f16:
      return body.template operator()<f16>();
    default:
      return with_float(dtype, body);
  }
}

/// What products of T are summed in.
template <class T>
using Accumulator = std::conditional_t<std::is_same_v<T, double>, double, float>;

/// n numbers of type T at `from`, ready to be multiplied.
template <class T>
std::vector<Accumulator<T>> widened(const void* from, std::int64_t n) {
  const T* values = static_cast<const T*>(from);
  std::vector<Accumulator<T>> wide(static_cast<std::size_t>(n));
  std::transform(values, values + n, wide.begin(), [](T value) { return static_cast<Accumulator<T>>(value); });
  return wide;
}

/// Rounds `sums` to numbers of type T at `to`.
template <class T>
void narrow(const std::vector<Accumulator<T>>& sums, void* to) {
  std::transform(sums.begin(), sums.end(), static_cast<T*>(to), [](Accumulator<T> sum) { return static_cast<T>(sum); });
}

}  // namespace s4l::emulated
