#include "s4l/kernels/emulated/device_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <vector>

#include "s4l/core/device/arena.h"
#include "s4l/core/error.h"
#include "s4l/kernels/emulated/executor.h"
#include "s4l/kernels/emulated/fiber.h"

namespace s4l::emulated {
namespace {

constexpr bool kHeapBlocks = kSanitizer == Sanitizer::address;
constexpr std::size_t kPage = 4096;
constexpr std::size_t kAlignment = 256;                   // cudaMalloc's
constexpr std::size_t kReserved = std::size_t{64} << 30;  // of address space

class DeviceMemory {
 public:
  void* allocate(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (failing_ > 0 && --failing_ == 0) refuse(bytes);
    if (bytes > kReserved) refuse(bytes);
    const std::size_t size = (bytes + kAlignment - 1) / kAlignment * kAlignment + (bytes == 0 ? kAlignment : 0);
    void* memory = kHeapBlocks ? heap_block(bytes) : block_of(size);
    live_[memory] = {bytes, size};
    held_ += bytes;
    poison(memory, bytes);
    return memory;
  }

  void release(void* memory) {
    const std::lock_guard lock(mutex_);
    const auto found = live_.find(memory);
    check(found != live_.end(), "emulated device: expected memory of its own to free, got another pointer");
    const auto [bytes, size] = found->second;
    live_.erase(found);
    held_ -= bytes;
    poison(memory, bytes);
    if (kHeapBlocks)
      std::free(memory);
    else
      free_[size].push_back(memory);
  }

  std::size_t held() const {
    const std::lock_guard lock(mutex_);
    return held_;
  }

  void fail_at(int n) {
    const std::lock_guard lock(mutex_);
    failing_ = n;
  }

  bool contains(const void* pointer) const {
    const std::lock_guard lock(mutex_);
    auto next = live_.upper_bound(const_cast<void*>(pointer));
    if (next == live_.begin()) return false;
    --next;
    return static_cast<const char*>(pointer) <= static_cast<const char*>(next->first) + next->second.bytes;
  }

  void open() {
    const std::lock_guard lock(mutex_);
    if (open_++ == 0) protect(PROT_READ | PROT_WRITE);
  }
  void close() {
    const std::lock_guard lock(mutex_);
    if (--open_ == 0) protect(PROT_NONE);
  }

 private:
  struct Sizes {
    std::size_t bytes, size;
  };

  [[noreturn]] void refuse(std::size_t bytes) const {
    fail(ErrorKind::memory, "memory of cuda:0: expected {} more, got none; tensors hold {}, {} are free",
         mebibytes(bytes), mebibytes(held_), mebibytes(kReserved - std::min(used_, kReserved)));
  }

  void* heap_block(std::size_t bytes) const {
    void* memory = nullptr;
    if (::posix_memalign(&memory, kAlignment, bytes == 0 ? 1 : bytes) != 0) refuse(bytes);
    return memory;
  }

  void* block_of(std::size_t size) {
    if (auto& blocks = free_[size]; !blocks.empty()) {
      void* memory = blocks.back();
      blocks.pop_back();
      return memory;
    }
    if (arena_ == nullptr) {
      void* space = ::mmap(nullptr, kReserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      check(space != MAP_FAILED, "emulated device: expected {} bytes of address space, got none", kReserved);
      arena_ = static_cast<char*>(space);
    }
    if (used_ + size > kReserved) refuse(size);
    char* memory = arena_ + used_;
    used_ += size;
    if (open_ > 0) protect(memory, memory + size, PROT_READ | PROT_WRITE);
    return memory;
  }

  void poison(void* memory, std::size_t bytes) {
    if (bytes == 0) return;
    char* first = static_cast<char*>(memory);
    if (open_ == 0) protect(first, first + bytes, PROT_READ | PROT_WRITE);
    std::memset(memory, 0xff, bytes);
    if (open_ == 0) protect(first, first + bytes, PROT_NONE);
  }

  void protect(int access) { protect(arena_, arena_ + used_, access); }
  void protect(char* first, char* last, int access) {
    if (kHeapBlocks || first == last) return;
    first -= static_cast<std::size_t>(first - arena_) % kPage;
    ::mprotect(first, static_cast<std::size_t>(last - first), access);
  }

  mutable std::mutex mutex_;
  std::map<void*, Sizes> live_;
  std::map<std::size_t, std::vector<void*>> free_;
  char* arena_ = nullptr;
  std::size_t used_ = 0, held_ = 0;
  int open_ = 0, failing_ = 0;
};

DeviceMemory& memory() {
  static auto* all = new DeviceMemory;  // never destroyed: tensors may outlive main's statics
  return *all;
}

}  // namespace

void* allocate(std::size_t bytes) { return memory().allocate(bytes); }
void free(void* block) { memory().release(block); }
bool is_device_memory(const void* pointer) { return memory().contains(pointer); }
std::size_t allocated_bytes() { return memory().held(); }
void fail_allocation(int n) { memory().fail_at(n); }

void copy(void* to, const void* from, std::size_t bytes) {
  const AccessToDeviceMemory access;
  if (bytes != 0) std::memmove(to, from, bytes);
}

void fill(void* to, unsigned char byte, std::size_t bytes) {
  const AccessToDeviceMemory access;
  if (bytes != 0) std::memset(to, byte, bytes);
}

AccessToDeviceMemory::AccessToDeviceMemory() { memory().open(); }
AccessToDeviceMemory::~AccessToDeviceMemory() { memory().close(); }

void check_pointer(const char* kernel, int argument, const void* pointer) {
  check(pointer == nullptr || memory().contains(pointer),
        "kernel {}: expected a pointer to live device memory as argument {}, got another", kernel, argument);
}

}  // namespace s4l::emulated
