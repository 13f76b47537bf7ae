#include "s4l/kernels/emulated/arena.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "s4l/core/error.h"
#include "s4l/kernels/emulated/fiber.h"
#include "s4l/kernels/emulated/sanitizers.h"

namespace s4l::emulated {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kTokens = kPage;
constexpr std::size_t kShared = 320 * 1024;
constexpr std::size_t kSlot = Arena::kStack + kPage;
constexpr std::size_t kMostStacks = 1024;
constexpr std::size_t kRegion = kTokens + kShared + kMostStacks * kSlot;
constexpr std::size_t kRedZone = 64;
constexpr unsigned char kRedByte = 0x5a;  // large as a number of any type: who reads it shows

/// A loop of our own under ThreadSanitizer, which watches memset even in code that it does not instrument.
void fill(unsigned char* to, unsigned char byte, std::size_t bytes) {
  if constexpr (kSanitizer != Sanitizer::thread) {
    std::memset(to, byte, bytes);
  } else {
    volatile unsigned char* p = to;
    for (std::size_t i = 0; i < bytes; ++i) p[i] = byte;
  }
}

/// By system call: ThreadSanitizer sees no mapping, so the addresses are new to it.
void* map(void* at, std::size_t bytes) {
  const long flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at != nullptr ? MAP_FIXED : 0);
  const long address = ::syscall(SYS_mmap, at, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
  check(address != -1, "emulated device: expected {} bytes of address space for a block, got none", bytes);
  return reinterpret_cast<void*>(address);
}

}  // namespace

Arena::Arena() : region_(static_cast<unsigned char*>(map(nullptr, kRegion))) {}

void Arena::reset(int stacks) {
  if constexpr (kSanitizer == Sanitizer::thread) {
    ::munmap(region_, kRegion);  // libc's, which ThreadSanitizer sees: it forgets shadow and tokens
    map(region_, kRegion);
    guarded_ = 0;
  }
  if constexpr (kSanitizer == Sanitizer::address)
    __asan_unpoison_memory_region(region_ + kTokens, kShared + static_cast<std::size_t>(stacks) * kSlot);
  for (; guarded_ < stacks; ++guarded_)
    ::mprotect(static_cast<unsigned char*>(stack(guarded_)) - kPage, kPage, PROT_NONE);
  count_ = 0;
  used_ = static_bytes_ = dynamic_bytes_ = 0;
  dynamic_ = nullptr;
}

void* Arena::stack(int i) const { return region_ + kTokens + kShared + static_cast<std::size_t>(i) * kSlot + kPage; }
void* Arena::token(int i) const { return region_ + 8 * i; }

unsigned char* Arena::add(const void* key, std::size_t bytes, std::size_t alignment) {
  const std::size_t step = alignment < kRedZone ? kRedZone : alignment;
  const std::size_t start = (used_ + kRedZone + step - 1) / step * step;
  const std::size_t end = start + (bytes + 15) / 16 * 16 + kRedZone;
  if (end > kShared || count_ == kMostEntries) return nullptr;
  unsigned char* shared = region_ + kTokens;
  if constexpr (kSanitizer != Sanitizer::thread) fill(shared + used_, kRedByte, end - used_);
  fill(shared + start, 0xff, bytes);
  if constexpr (kSanitizer == Sanitizer::address) {
    __asan_poison_memory_region(shared + used_, end - used_);
    __asan_unpoison_memory_region(shared + start, bytes);
  }
  entries_[count_++] = {key, shared + start, bytes};
  used_ = end;
  return shared + start;
}

void* Arena::add_dynamic(std::size_t bytes) {
  dynamic_bytes_ = bytes;
  if (bytes > 0) dynamic_ = add(nullptr, bytes, 128);
  return dynamic_;
}

void* Arena::static_array(const void* key, std::size_t bytes, std::size_t alignment) {
  for (int i = 0; i < count_; ++i)
    if (entries_[i].key == key) return entries_[i].memory;
  if (static_bytes_ + bytes > kStaticLimit) return nullptr;
  static_bytes_ += bytes;
  return add(key, bytes, alignment);
}

bool Arena::red_zones_whole() const {
  if constexpr (kSanitizer != Sanitizer::none) return true;  // the address sanitizer has seen to it already
  const unsigned char* shared = region_ + kTokens;
  std::size_t at = 0;
  for (int i = 0; i <= count_; ++i) {
    const std::size_t end = i < count_ ? static_cast<std::size_t>(entries_[i].memory - shared) : used_;
    for (; at < end; ++at)
      if (shared[at] != kRedByte) return false;
    if (i < count_) at = end + entries_[i].bytes;
  }
  return true;
}

}  // namespace s4l::emulated
