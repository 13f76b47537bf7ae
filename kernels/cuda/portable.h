#pragma once
// What a kernel file sees of CUDA. nvcc gives the names themselves; the host's compiler gets them from
// kernels/emulated, which runs the same source on the CPU. Kernels write CUDA's own names and these four:
//   S4L_SHARED(float, tile, [32][33]);   a static shared array
//   S4L_DYN_SHARED(float, row);          the block's dynamic shared memory, as a pointer
//   S4L_LAUNCH(kernel, grid, block, shared bytes, stream, arguments...);
//   S4L_KNS                              the namespace of the kernels: a GPU build holds both kinds side by side
#ifdef __CUDACC__
#include <cuda_runtime.h>

#include "s4l/kernels/cuda/error.h"
#include "s4l/kernels/cuda/ptx.cuh"

#define S4L_KNS k_gpu
#define S4L_SHARED(type, name, extents) __shared__ type name extents
#define S4L_DYN_SHARED(type, name)                     \
  extern __shared__ uint4 s4l_dynamic_shared_memory[]; \
  type* const name = reinterpret_cast<type*>(s4l_dynamic_shared_memory)
#define S4L_LAUNCH(kernel, grid, block, shared, stream, ...)                               \
  do {                                                                                     \
    kernel<<<(grid), (block), (shared), static_cast<cudaStream_t>(stream)>>>(__VA_ARGS__); \
    ::s4l::cuda::check_launch(#kernel, (grid), (block), (shared));                         \
  } while (false)

namespace s4l::cuda {
/// Throws what CUDA says of the launch just made, with its name and sizes.
inline void check_launch(const char* kernel, dim3 grid, dim3 block, std::size_t shared) {
  const cudaError_t error = cudaGetLastError();
  check(error == cudaSuccess, "kernel {}: {} ({} x {} x {} blocks of {} x {} x {} threads, {} bytes of shared memory)",
        kernel, text_of(error), grid.x, grid.y, grid.z, block.x, block.y, block.z, shared);
}
}  // namespace s4l::cuda

#else
#include "s4l/kernels/emulated/cuda_names.h"

#define S4L_KNS k_emu
// The key is one per array and template instance.
#define S4L_SHARED(type, name, extents)                         \
  static const char s4l_key_of_##name = 0;                      \
  using s4l_type_of_##name = type extents;                      \
  s4l_type_of_##name& name = *static_cast<s4l_type_of_##name*>( \
      ::s4l::emulated::static_shared(&s4l_key_of_##name, sizeof(s4l_type_of_##name), alignof(s4l_type_of_##name)))
#define S4L_DYN_SHARED(type, name) type* const name = static_cast<type*>(::s4l::emulated::dynamic_shared())
#define S4L_LAUNCH(kernel, grid, block, shared, stream, ...) \
  ::s4l::emulated::launch(#kernel, kernel, (grid), (block), (shared), (stream), __VA_ARGS__)
#endif
