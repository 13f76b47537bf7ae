// x86-64 only, like the rest of s4l. A switch saves what a call may not change and costs 2 ns; `ret` in place of pop
// and jmp would make each one a mispredicted return.
#include "s4l/kernels/emulated/fiber.h"

#include <pthread.h>

#include <cstdint>

#include "s4l/kernels/emulated/sanitizers.h"

asm(R"(
.text
.type s4l_switch_stack, @function
s4l_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  popq %rcx
  jmpq *%rcx
.size s4l_switch_stack, .-s4l_switch_stack
)");

extern "C" void s4l_switch_stack(void** save, void* load) asm("s4l_switch_stack");

namespace s4l::emulated {

void arm(Fiber& fiber, void* bottom, std::size_t size, void (*entry)()) {
  constexpr int kSavedRegisters = 6;
  fiber.bottom = bottom;
  fiber.size = size;
  fiber.fake_stack = nullptr;
  auto* top = reinterpret_cast<std::uint64_t*>(static_cast<char*>(bottom) + size);
  *--top = 0;  // where a call would have left its return address: the entry finds rsp = 8 (mod 16)
  *--top = reinterpret_cast<std::uint64_t>(entry);
  for (int i = 0; i < kSavedRegisters; ++i) *--top = 0;
  fiber.stack_pointer = top;
}

void entered() {
  if constexpr (kSanitizer == Sanitizer::address) __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
}

Fiber host_fiber() {
  static thread_local const Fiber of_this_thread = [] {  // once: for the main thread the system reads a file
    Fiber fiber;
    pthread_attr_t attributes;
    pthread_getattr_np(pthread_self(), &attributes);
    pthread_attr_getstack(&attributes, &fiber.bottom, &fiber.size);
    pthread_attr_destroy(&attributes);
    return fiber;
  }();
  Fiber fiber = of_this_thread;
  if constexpr (kSanitizer == Sanitizer::thread) fiber.thread_state = __tsan_get_current_fiber();
  return fiber;
}

void switch_fiber(Fiber& from, Fiber& to) {
  if constexpr (kSanitizer == Sanitizer::address) __sanitizer_start_switch_fiber(&from.fake_stack, to.bottom, to.size);
  if constexpr (kSanitizer == Sanitizer::thread) __tsan_switch_to_fiber(to.thread_state, kNoSynchronisation);
  s4l_switch_stack(&from.stack_pointer, to.stack_pointer);
  if constexpr (kSanitizer == Sanitizer::address) __sanitizer_finish_switch_fiber(from.fake_stack, nullptr, nullptr);
}

}  // namespace s4l::emulated
