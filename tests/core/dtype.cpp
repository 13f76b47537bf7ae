#include "s4l/core/dtype.h"

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

using namespace s4l;

namespace {

template <class T>
T from_bits(int bits) {
  T value;
  value.bits = static_cast<std::uint16_t>(bits);
  return value;
}

/// The number that IEEE gives a 16-bit pattern with that many bits of fraction.
double decoded(int bits, int fraction_bits) {
  const int exponent_bits = 15 - fraction_bits, bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = (bits >> fraction_bits) & ((1 << exponent_bits) - 1);
  const int fraction = bits & ((1 << fraction_bits) - 1);
  const double sign = (bits & 0x8000) ? -1 : 1;
  if (exponent == (1 << exponent_bits) - 1)
    return fraction ? std::numeric_limits<double>::quiet_NaN() : sign * std::numeric_limits<double>::infinity();
  const int hidden = exponent ? 1 << fraction_bits : 0;
  return sign * std::ldexp(hidden + fraction, (exponent ? exponent : 1) - bias - fraction_bits);
}

/// Every pattern means its number and survives the way through float; halfway goes to the even neighbour.
template <class T>
void check_all_patterns(int fraction_bits) {
  for (int bits = 0; bits < 0x10000; ++bits) {
    const float value = static_cast<float>(from_bits<T>(bits));
    const double expected = decoded(bits, fraction_bits);
    if (std::isnan(expected)) {
      REQUIRE(std::isnan(value));
      REQUIRE(std::isnan(static_cast<float>(T(value))));
      continue;
    }
    INFO("bits " << bits);
    REQUIRE(static_cast<double>(value) == expected);
    REQUIRE(T(value).bits == bits);
    const double next = decoded(bits + 1, fraction_bits);
    if (!std::isfinite(expected) || !std::isfinite(next) || bits == 0x7fff) continue;
    const auto middle = static_cast<float>((expected + next) / 2);
    REQUIRE(T(middle).bits == ((bits & 1) ? bits + 1 : bits));
    const float to_zero = std::nextafter(middle, 0.0f);
    REQUIRE(T(to_zero).bits == bits);
    REQUIRE(T(std::nextafter(middle, 2 * middle)).bits == bits + 1);
  }
}

}  // namespace

TEST_CASE("f16 decodes, encodes and rounds every pattern as IEEE half precision") { check_all_patterns<f16>(10); }
TEST_CASE("bf16 decodes, encodes and rounds every pattern to nearest even") { check_all_patterns<bf16>(7); }

TEST_CASE("what is too large for a 16-bit type becomes infinity") {
  CHECK(f16(65519.996f).bits == 0x7bff);
  CHECK(f16(65520.0f).bits == 0x7c00);
  CHECK(f16(-1e30f).bits == 0xfc00);
  CHECK(f16(1e-30f).bits == 0);
  CHECK(bf16(std::numeric_limits<float>::max()).bits == 0x7f80);
  CHECK(bf16(-std::numeric_limits<float>::infinity()).bits == 0xff80);
}

TEST_CASE("a 16-bit type has one NaN, of whatever sign and payload it was made") {
  for (const std::uint32_t bits : {0x7f800001u, 0x7fc00000u, 0x7fffffffu, 0xff800001u, 0xffc00000u, 0xffffffffu}) {
    INFO("bits " << bits);
    CHECK(bf16(std::bit_cast<float>(bits)).bits == 0x7fff);
    CHECK(f16(std::bit_cast<float>(bits)).bits == 0x7fff);
  }
}

TEST_CASE("with_float takes f32 and f64 and names any other type") {
  CHECK(with_float(DType::f32, []<class T>() { return sizeof(T); }) == 4);
  CHECK(with_float(DType::f64, []<class T>() { return sizeof(T); }) == 8);
  CHECK_THROWS_WITH(with_float(DType::bf16, []<class T>() { return sizeof(T); }), "expected f32 or f64, got bf16");
}
