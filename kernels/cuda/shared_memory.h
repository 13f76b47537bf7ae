#pragma once
// More dynamic shared memory than the 48 KiB that every kernel may use.
#include <cstddef>

#include "s4l/kernels/cuda/portable.h"

namespace s4l::cuda {

inline constexpr std::size_t kStaticShared = 4096;  ///< left for static arrays

#ifdef __CUDACC__
/// Bytes of dynamic shared memory that a block may ask for on the current device.
inline std::size_t shared_memory_limit() {
  int device = 0, bytes = 0;
  check(cudaGetDevice(&device) == cudaSuccess &&
            cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device) == cudaSuccess,
        "cudaDeviceGetAttribute: expected the current device's shared memory, got {}",
        cudaGetErrorName(cudaGetLastError()));
  return static_cast<std::size_t>(bytes) - kStaticShared;
}
/// Lets `kernel` be launched with so much.
template <class Kernel>
void allow_shared_memory(Kernel* kernel, std::size_t bytes) {
  if (bytes <= 44 * 1024) return;
  const cudaError_t error =
      cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes));
  check(error == cudaSuccess, "cudaFuncSetAttribute: expected {} bytes of dynamic shared memory, got {}", bytes,
        cudaGetErrorName(error));
}
#else
inline std::size_t shared_memory_limit() { return emulated::options().shared_limit - kStaticShared; }
template <class Kernel>
void allow_shared_memory(Kernel*, std::size_t) {}
#endif

}  // namespace s4l::cuda
