#pragma once
// More dynamic shared memory than the 48 KiB that every kernel may use.
#include <cstddef>
#include <mutex>
#include <set>
#include <utility>

#include "s4l/kernels/cuda/portable.h"

namespace s4l::cuda {

inline constexpr std::size_t kStaticShared = 4096;  ///< left for static arrays

#ifdef __CUDACC__
inline int current_device() {
  int device = 0;
  check_cuda(cudaGetDevice(&device), "cudaGetDevice");
  return device;
}
/// Bytes of dynamic shared memory that a block may ask for on the current device.
inline std::size_t shared_memory_limit() {
  int bytes = 0;
  check_cuda(cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, current_device()),
             "cudaDeviceGetAttribute(cudaDevAttrMaxSharedMemoryPerBlockOptin)");
  return static_cast<std::size_t>(bytes) - kStaticShared;
}
inline void raise_shared_memory_limit(const void* kernel, std::size_t bytes) {
  check_cuda(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes)),
             "cudaFuncSetAttribute: {} bytes of dynamic shared memory", bytes);
}
#else
inline int current_device() { return 0; }
inline std::size_t shared_memory_limit() { return emulated::options().shared_limit - kStaticShared; }
inline void raise_shared_memory_limit(const void* kernel, std::size_t bytes) {
  emulated::raise_shared_limit(kernel, bytes);
}
#endif

/// Lets `kernel` be launched with so many bytes on the current device: asked for once, as much as there is.
template <class Kernel>
void allow_shared_memory(Kernel* kernel, std::size_t bytes) {
  if (bytes <= 44 * 1024) return;
  static std::mutex mutex;  // these are of all kernels with such parameters
  static std::set<std::pair<const void*, int>> allowed;
  const auto* const address = reinterpret_cast<const void*>(kernel);
  const int device = current_device();
  const std::lock_guard lock(mutex);
  if (allowed.contains({address, device})) return;
  raise_shared_memory_limit(address, shared_memory_limit());
  allowed.insert({address, device});
}

}  // namespace s4l::cuda
