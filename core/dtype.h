#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

#include "s4l/core/error.h"

namespace s4l {

enum class DType : std::uint8_t { f32, f64, bf16, f16, i64, i32, u8 };

/// bfloat16: the upper half of a float, rounded to nearest even.
struct bf16 {
  std::uint16_t bits = 0;
  bf16() = default;
  explicit bf16(float value) {
    const auto b = std::bit_cast<std::uint32_t>(value);
    bits = value != value ? std::uint16_t{0x7fff} : static_cast<std::uint16_t>((b + 0x7fffu + ((b >> 16) & 1u)) >> 16);
  }
  explicit operator float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }
};

/// IEEE half precision, rounded to nearest even.
struct f16 {
  std::uint16_t bits = 0;
  f16() = default;
  explicit f16(float value);
  explicit operator float() const;
};

template <class T>
struct dtype_of;
template <>
struct dtype_of<float> {
  static constexpr DType value = DType::f32;
};
template <>
struct dtype_of<double> {
  static constexpr DType value = DType::f64;
};
template <>
struct dtype_of<bf16> {
  static constexpr DType value = DType::bf16;
};
template <>
struct dtype_of<f16> {
  static constexpr DType value = DType::f16;
};
template <>
struct dtype_of<std::int64_t> {
  static constexpr DType value = DType::i64;
};
template <>
struct dtype_of<std::int32_t> {
  static constexpr DType value = DType::i32;
};
template <>
struct dtype_of<std::uint8_t> {
  static constexpr DType value = DType::u8;
};

/// Bytes of one element.
constexpr std::size_t size_of(DType dtype) {
  switch (dtype) {
    case DType::f64:
    case DType::i64:
      return 8;
    case DType::f32:
    case DType::i32:
      return 4;
    case DType::bf16:
    case DType::f16:
      return 2;
    case DType::u8:
      return 1;
  }
  return 0;
}

/// "f32", "bf16", ...
const char* name_of(DType dtype);
inline std::string to_text(DType dtype) { return name_of(dtype); }

/// Calls `body.template operator()<T>()` with float or double; any other type is an error that names it.
template <class Body>
decltype(auto) with_float(DType dtype, Body&& body) {
  if (dtype == DType::f32) return body.template operator()<float>();
  check(dtype == DType::f64, "expected f32 or f64, got {}", dtype);
  return body.template operator()<double>();
}
/// The same with bf16 and f16 too.
template <class Body>
decltype(auto) with_any_float(DType dtype, Body&& body) {
  if (dtype == DType::f32) return body.template operator()<float>();
  if (dtype == DType::f64) return body.template operator()<double>();
  if (dtype == DType::bf16) return body.template operator()<bf16>();
  check(dtype == DType::f16, "expected f32, f64, bf16 or f16, got {}", dtype);
  return body.template operator()<f16>();
}

}  // namespace s4l
