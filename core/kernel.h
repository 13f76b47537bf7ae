#pragma once
#include <atomic>
#include <type_traits>
#include <utility>

#include "s4l/core/tensor.h"

namespace s4l {

/// Called before every kernel with its name and the tensor that decided where it runs: tests count
/// which kernels ran on which device and type, and the launches of a training step. Null by default.
using KernelObserver = void (*)(const char* kernel, const Tensor& first);
inline std::atomic<KernelObserver> kernel_observer{nullptr};

namespace detail {

template <class First, class... Rest>
const Tensor& first_tensor_of(const First& first, const Rest&... rest) {
  if constexpr (std::is_convertible_v<const First&, const Tensor&>)
    return first;
  else
    return first_tensor_of(rest...);
}

template <class... Arguments>
void observe(const char* kernel, const Arguments&... arguments) {
  if (KernelObserver observer = kernel_observer.load(std::memory_order_relaxed))
    observer(kernel, first_tensor_of(arguments...));
}

}  // namespace detail
}  // namespace s4l

/// How an op states what a device must provide: declares cpu::name (and cuda::name in a CUDA build), which
/// kernels/ defines, and makes kernel::name, which goes where its first Tensor lives. A body that a device
/// lacks is a link error that names it. Write it in namespace s4l.
#ifdef S4L_WITH_CUDA
#define S4L_KERNEL(name, ...)                                                            \
  namespace cpu {                                                                        \
  void name(__VA_ARGS__);                                                                \
  }                                                                                      \
  namespace cuda {                                                                       \
  void name(__VA_ARGS__);                                                                \
  }                                                                                      \
  namespace kernel {                                                                     \
  template <class... Arguments>                                                          \
  void name(Arguments&&... arguments) {                                                  \
    ::s4l::detail::observe(#name, arguments...);                                         \
    if (::s4l::detail::first_tensor_of(arguments...).device().kind == Device::Kind::cpu) \
      cpu::name(std::forward<Arguments>(arguments)...);                                  \
    else                                                                                 \
      cuda::name(std::forward<Arguments>(arguments)...);                                 \
  }                                                                                      \
  }
#else
#define S4L_KERNEL(name, ...)                         \
  namespace cpu {                                     \
  void name(__VA_ARGS__);                             \
  }                                                   \
  namespace kernel {                                  \
  template <class... Arguments>                       \
  void name(Arguments&&... arguments) {               \
    ::s4l::detail::observe(#name, arguments...);      \
    cpu::name(std::forward<Arguments>(arguments)...); \
  }                                                   \
  }
#endif
