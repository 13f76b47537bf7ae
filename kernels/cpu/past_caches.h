#pragma once
#include <cstdint>

#include "s4l/core/tensor.h"

namespace s4l::cpu {

/// True where `y` is so large that it will have left the caches before it is read: writing around them then saves
/// reading it first. Below, a kernel had better leave it there for the next one.
inline bool past_caches(const Tensor& y) {
  // A share of a last level of 32 MiB, which what is read passes through too.
  constexpr std::size_t kShare = std::size_t{12} << 20;
  return y.bytes() > kShare;
}

/// Streaming stores need whole vectors, at most 64 bytes, to begin where one can.
inline bool streams_to(const void* to, std::int64_t row_bytes) {
  constexpr std::uintptr_t kVector = 64;
  return reinterpret_cast<std::uintptr_t>(to) % kVector == 0 && static_cast<std::uintptr_t>(row_bytes) % kVector == 0;
}

}  // namespace s4l::cpu
