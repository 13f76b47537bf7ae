#pragma once
// The sanitizers' interfaces that the executor calls, which is itself compiled without them. A build without a
// sanitizer has none of these symbols and, by `if constexpr`, no call.
#include <cstddef>

extern "C" {
void __sanitizer_start_switch_fiber(void** fake_stack_save, const void* bottom, std::size_t size);
void __sanitizer_finish_switch_fiber(void* fake_stack_save, const void** bottom_old, std::size_t* size_old);
void __asan_poison_memory_region(const volatile void* address, std::size_t size);
void __asan_unpoison_memory_region(const volatile void* address, std::size_t size);
void* __tsan_get_current_fiber();
void* __tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void* fiber);
void __tsan_switch_to_fiber(void* fiber, unsigned flags);
void __tsan_acquire(void* address);
void __tsan_release(void* address);
}

namespace s4l::emulated {
inline constexpr unsigned kNoSynchronisation = 1;  // __tsan_switch_to_fiber_no_sync
}
