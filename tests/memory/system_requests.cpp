// The C library's allocation functions with a counter before them. mmap is counted too; the library's own mmap of a
// large malloc does not come through here, but its malloc does.
#include "s4l/tests/memory/system_requests.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "s4l/core/sanitizer.h"

namespace {

std::atomic<bool> counting{false};
std::atomic<int> requests{0};
std::atomic<std::size_t> most{0};

[[maybe_unused]] void note(std::size_t bytes) {
  constexpr std::size_t kSmallest = 4096;
  if (bytes < kSmallest || !counting.load(std::memory_order_relaxed)) return;
  ++requests;
  for (std::size_t before = most; before < bytes && !most.compare_exchange_weak(before, bytes);) {
  }
}

}  // namespace

#if !S4L_ADDRESS_SANITIZER && !S4L_THREAD_SANITIZER
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t bytes) { return note(bytes), __libc_malloc(bytes); }
void* calloc(std::size_t count, std::size_t bytes) { return note(count * bytes), __libc_calloc(count, bytes); }
void* realloc(void* block, std::size_t bytes) { return note(bytes), __libc_realloc(block, bytes); }
void* memalign(std::size_t alignment, std::size_t bytes) { return note(bytes), __libc_memalign(alignment, bytes); }
void* aligned_alloc(std::size_t alignment, std::size_t bytes) { return note(bytes), __libc_memalign(alignment, bytes); }
int posix_memalign(void** block, std::size_t alignment, std::size_t bytes) {
  note(bytes);
  *block = __libc_memalign(alignment, bytes);
  return *block == nullptr ? ENOMEM : 0;
}
void* mmap(void* at, std::size_t bytes, int protection, int flags, int file, off_t offset) noexcept {
  note(bytes);
  return reinterpret_cast<void*>(::syscall(SYS_mmap, at, bytes, protection, flags, file, offset));
}
}
#endif

namespace s4l::test {

SystemRequests::SystemRequests() {
  requests = 0;
  most = 0;
  counting = true;
}
SystemRequests::~SystemRequests() { counting = false; }
int SystemRequests::count() const { return requests; }
std::size_t SystemRequests::largest() const { return most; }

bool SystemRequests::supported() {
#if S4L_ADDRESS_SANITIZER || S4L_THREAD_SANITIZER
  return false;
#else
  return true;
#endif
}

}  // namespace s4l::test
