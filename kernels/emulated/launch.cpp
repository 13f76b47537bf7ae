// What CUDA refuses at a launch, before anything runs.
#include <algorithm>
#include <map>
#include <mutex>

#include "s4l/core/error.h"
#include "s4l/kernels/emulated/block.h"

namespace s4l::emulated {
namespace {

constexpr std::size_t kUnasked = 48 * 1024;

/// Bytes of dynamic shared memory that kernels, by address, were allowed; of the process, as on a GPU.
struct RaisedLimits {
  std::mutex mutex;
  std::map<const void*, std::size_t> bytes;
};
RaisedLimits& raised_limits() {
  static RaisedLimits all;
  return all;
}

/// What the kernel was allowed; 0 where nobody asked.
std::size_t raised_limit(const void* address) {
  RaisedLimits& all = raised_limits();
  const std::lock_guard lock(all.mutex);
  const auto found = all.bytes.find(address);
  return found != all.bytes.end() ? found->second : 0;
}

}  // namespace

void raise_shared_limit(const void* address, std::size_t bytes) {
  check(bytes <= options().shared_limit, "expected to allow at most {} bytes of dynamic shared memory, got {}",
        options().shared_limit, bytes);
  RaisedLimits& all = raised_limits();
  const std::lock_guard lock(all.mutex);
  all.bytes[address] = bytes;
  ++statistics().raised_limits;
}

std::size_t check_launch(const char* kernel, const void* address, dim3 grid, dim3 size, std::size_t dynamic_shared) {
  const std::uint64_t threads = std::uint64_t{size.x} * size.y * size.z;
  check(threads >= 1 && threads <= kMostThreads, "kernel {}: expected 1 to {} threads in a block, got {}", kernel,
        kMostThreads, threads);
  check(size.z <= 64, "kernel {}: expected at most 64 threads in z, got {}", kernel, size.z);
  check(grid.x >= 1 && grid.y >= 1 && grid.z >= 1 && grid.x <= 0x7fffffffu && grid.y <= 65535 && grid.z <= 65535,
        "kernel {}: expected a grid of 1 to 2147483647 x 65535 x 65535 blocks, got {} x {} x {}", kernel, grid.x,
        grid.y, grid.z);
  const std::size_t limit = options().shared_limit, raised = raised_limit(address);
  check(dynamic_shared <= limit, "kernel {}: expected at most {} bytes of shared memory, got {}", kernel, limit,
        dynamic_shared);
  check(dynamic_shared <= std::max(raised, kUnasked),
        "kernel {}: expected at most the {} bytes of dynamic shared memory that it was allowed, got {}", kernel,
        std::max(raised, kUnasked), dynamic_shared);
  return raised > kUnasked ? limit : std::min(limit, kUnasked);
}

}  // namespace s4l::emulated
