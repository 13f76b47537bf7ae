#pragma once
#include <cstdint>

#include "s4l/kernels/cuda/portable.h"

namespace s4l::S4L_KNS {

/// Four random words of a counter and a key: ten rounds of Philox4x32, as s4l::philox().
struct Philox {
  std::uint32_t word[4];

  __device__ __forceinline__ Philox(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d,
                                    std::uint32_t key, std::uint32_t other_key)
      : word{a, b, c, d} {
#pragma unroll
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t first = std::uint64_t{0xD2511F53u} * word[0], second = std::uint64_t{0xCD9E8D57u} * word[2];
      word[0] = static_cast<std::uint32_t>(second >> 32) ^ word[1] ^ key;
      word[1] = static_cast<std::uint32_t>(second);
      word[2] = static_cast<std::uint32_t>(first >> 32) ^ word[3] ^ other_key;
      word[3] = static_cast<std::uint32_t>(first);
      key += 0x9E3779B9u;
      other_key += 0xBB67AE85u;
    }
  }
};

}  // namespace s4l::S4L_KNS
