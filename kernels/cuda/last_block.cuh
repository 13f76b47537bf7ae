#pragma once
// The block that comes last adds up what all blocks have left, which saves a launch; the order of its sums does not
// depend on which block that is.
#include <map>
#include <memory>
#include <mutex>

#include "s4l/core/device/storage.h"
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

constexpr std::size_t kBlockCounters = 1 << 14;

/// Counters at 0, made on the copy stream: a capture of the compute stream would record the zeros, and lose them where
/// it fails.
inline std::shared_ptr<Storage> make_block_counters(Device device) {
  const Stream stream = copy_stream(device);
  auto counters = Storage::allocate(kBlockCounters * sizeof(unsigned), stream);
  runtime(device).fill(counters->memory(), 0, counters->bytes(), stream);
  runtime(device).synchronize(stream);
  return counters;
}

/// `count` counters at 0 on `device`, for the kernels of its compute stream; they stay where they are, as a captured
/// graph needs it.
inline unsigned* block_counters(Device device, std::int64_t count) {
  check(count <= static_cast<std::int64_t>(kBlockCounters), "block_counters: expected at most {}, got {}",
        kBlockCounters, count);
  static std::mutex mutex;
  static std::map<int, std::shared_ptr<Storage>> all;
  const std::lock_guard lock(mutex);
  auto& counters = all[device.index];
  if (counters == nullptr) counters = make_block_counters(device);
  return static_cast<unsigned*>(counters->memory());
}

}  // namespace s4l::cuda
