#pragma once
#include <cstddef>

namespace s4l::emulated {

/// Which sanitizer watches the kernels. The executor itself is compiled without any.
enum class Sanitizer { none, address, thread };
#ifndef S4L_EMULATED_SANITIZER
#define S4L_EMULATED_SANITIZER none
#endif
inline constexpr Sanitizer kSanitizer = Sanitizer::S4L_EMULATED_SANITIZER;

/// A stack with a point of execution on it. It owns no memory: Arena holds the stacks.
struct Fiber {
  void* stack_pointer = nullptr;
  void* bottom = nullptr;  ///< lowest address of the stack
  std::size_t size = 0;
  void* fake_stack = nullptr;    ///< AddressSanitizer's, while the fiber does not run
  void* thread_state = nullptr;  ///< ThreadSanitizer's
};

/// Makes `fiber` start `entry`, which never returns, when it is switched to for the first time.
void arm(Fiber& fiber, void* bottom, std::size_t size, void (*entry)());
/// What a fiber's entry does first, before anything else.
void entered();
/// The stack that the calling OS thread started on.
Fiber host_fiber();
/// Goes on at `to`; returns when somebody switches back to `from`.
void switch_fiber(Fiber& from, Fiber& to);

}  // namespace s4l::emulated
