#pragma once
// What a kernel file sees of CUDA. nvcc gives the names themselves; the host's compiler gets them from
// kernels/emulated, which runs the same source on the CPU. Kernels write CUDA's own names and these four:
//   S4L_SHARED(float, tile, [32][33]);   a static shared array
//   S4L_DYN_SHARED(float, row);          the block's dynamic shared memory, as a pointer
//   S4L_LAUNCH(kernel, grid, block, shared bytes, stream, arguments...);
//   S4L_KNS                              the namespace of the kernels: a GPU build holds both kinds side by side
#include "s4l/core/launch_observer.h"
#ifdef __CUDACC__
#include <cuda_runtime.h>

#include <type_traits>

#include "s4l/kernels/cuda/error.h"
#include "s4l/kernels/cuda/ptx.cuh"

#define S4L_KNS k_gpu
#define S4L_SHARED(type, name, extents) __shared__ type name extents
#define S4L_DYN_SHARED(type, name)                     \
  extern __shared__ uint4 s4l_dynamic_shared_memory[]; \
  type* const name = reinterpret_cast<type*>(s4l_dynamic_shared_memory)
#define S4L_LAUNCH(kernel, grid, block, shared, stream, ...)                                \
  do {                                                                                      \
    ::s4l::note_launch(#kernel);                                                            \
    kernel<<<(grid), (block), (shared), static_cast<cudaStream_t>(stream)>>>(__VA_ARGS__);  \
    if (const cudaError_t s4l_error = cudaGetLastError(); s4l_error != cudaSuccess)         \
      ::s4l::cuda::fail_launch(s4l_error, #kernel, (grid), (block), (shared), __VA_ARGS__); \
  } while (false)

namespace s4l::cuda {
/// Sizes and options as they are; of an address only that it is one.
template <class T>
std::string argument_text(const T& value) {
  if constexpr (std::is_arithmetic_v<T>)
    return to_text(value);
  else
    return std::is_pointer_v<T> ? "an address" : "others";
}
/// Throws what CUDA says of the launch just made, with its name, sizes and arguments.
template <class... Arguments>
[[noreturn]] void fail_launch(cudaError_t error, const char* kernel, dim3 grid, dim3 block, std::size_t shared,
                              const Arguments&... arguments) {
  std::string all;
  ((all += (all.empty() ? "" : ", ") + argument_text(arguments)), ...);
  fail(kind_of(error), "kernel {}({}): {} ({} x {} x {} blocks of {} x {} x {} threads, {} bytes of shared memory)",
       kernel, all, text_of(error), grid.x, grid.y, grid.z, block.x, block.y, block.z, shared);
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
#define S4L_LAUNCH(kernel, grid, block, shared, stream, ...)                                    \
  do {                                                                                          \
    ::s4l::note_launch(#kernel);                                                                \
    ::s4l::emulated::launch(#kernel, kernel, (grid), (block), (shared), (stream), __VA_ARGS__); \
  } while (false)
#endif
