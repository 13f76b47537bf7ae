// bf16 and f16 against NVIDIA's own conversions, whose headers give the CPU what the GPU's instructions do.
#if __has_include(<cuda_fp16.h>)
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>

#include "s4l/core/dtype.h"

using namespace s4l;

TEST_CASE("floats become the bf16 and f16 that NVIDIA's conversions give, NaN too") {
  int patterns = 0;
  for (std::uint64_t bits = 0; bits < std::uint64_t{1} << 32; bits += 10007, ++patterns) {
    const auto x = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    INFO("bits " << bits);
    REQUIRE(bf16(x).bits == __nv_bfloat16_raw(__float2bfloat16_rn(x)).x);
    REQUIRE(f16(x).bits == __half_raw(__float2half_rn(x)).x);
  }
  CHECK(patterns > 400'000);
}

TEST_CASE("bf16 and f16 become the floats that NVIDIA's conversions give") {
  for (int pattern = 0; pattern < 0x10000; ++pattern) {
    const auto bits = static_cast<std::uint16_t>(pattern);
    bf16 brain;
    f16 ieee;
    brain.bits = ieee.bits = bits;
    const float b = static_cast<float>(brain), h = static_cast<float>(ieee);
    const float nvidia_b = __bfloat162float(__nv_bfloat16(__nv_bfloat16_raw{bits}));
    const float nvidia_h = __half2float(__half(__half_raw{bits}));
    INFO("bits " << pattern);
    REQUIRE((std::isnan(b) ? std::isnan(nvidia_b) : std::bit_cast<int>(b) == std::bit_cast<int>(nvidia_b)));
    REQUIRE((std::isnan(h) ? std::isnan(nvidia_h) : std::bit_cast<int>(h) == std::bit_cast<int>(nvidia_h)));
  }
}
#endif
