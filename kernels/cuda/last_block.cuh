#pragma once
// The block that comes last adds up what all blocks have left, which saves a launch; the order of its sums does not
// depend on which block that is.
#include <map>
#include <mutex>

#include "s4l/kernels/cuda/launch.cuh"

namespace s4l::S4L_KNS {

/// Whether the calling block is the last of `count` to come here; it then sees what the others wrote before. The
/// counter is 0 before the first and after the last.
__device__ __forceinline__ bool is_last_block(unsigned* counter, unsigned count) {
  S4L_SHARED(unsigned, ticket, [1]);
  __syncthreads();
  if (threadIdx.x == 0) {  // its fences serve the whole block: the barriers order the others around them
    __threadfence();
    ticket[0] = atomicInc(counter, count - 1);
    __threadfence();
  }
  __syncthreads();
  return ticket[0] == count - 1;
}

}  // namespace s4l::S4L_KNS

namespace s4l::cuda {

/// `count` counters at 0 on `device`, for the kernels of its compute stream; they stay where they are, as a captured
/// graph needs it.
inline unsigned* block_counters(Device device, std::int64_t count) {
  constexpr std::int64_t kCounters = 1 << 14;
  check(count <= kCounters, "block_counters: expected at most {}, got {}", kCounters, count);
  static std::mutex mutex;
  static std::map<int, Tensor> all;
  const std::lock_guard lock(mutex);
  Tensor& counters = all[device.index];
  if (!counters) counters = zeros({kCounters}, DType::i32, device);
  return reinterpret_cast<unsigned*>(counters.data<std::int32_t>());
}

}  // namespace s4l::cuda
