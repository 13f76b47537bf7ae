#include "s4l/kernels/emulated/device_memory.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>

#include "s4l/core/error.h"
#include "s4l/kernels/emulated/executor.h"
#include "s4l/kernels/emulated/fiber.h"

namespace s4l::emulated {
namespace {

constexpr bool kHeap = kSanitizer == Sanitizer::address;
constexpr std::size_t kAlignment = 512;               // cudaMalloc's
constexpr std::size_t kSize = std::size_t{64} << 30;  // of address space

class DeviceMemory {
 public:
  void* take(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (bytes > kSize - taken_) return nullptr;
    void* memory = kHeap ? heap_block(bytes) : map(bytes);
    if (memory == nullptr) return nullptr;
    pieces_[memory] = bytes;
    taken_ += bytes;
    return memory;
  }
  void give(void* memory) {
    const std::lock_guard lock(mutex_);
    const auto piece = pieces_.find(memory);
    check(piece != pieces_.end(), "emulated device: expected memory of its own to free, got another pointer");
    taken_ -= piece->second;
    if (kHeap)
      std::free(memory);
    else
      ::munmap(memory, piece->second);
    pieces_.erase(piece);
  }
  std::size_t left() const {
    const std::lock_guard lock(mutex_);
    return kSize - taken_;
  }

  void begin_block(void* block, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    auto* const begin = static_cast<char*>(block);
    const auto next = blocks_.lower_bound(begin);
    check((next == blocks_.end() || begin + bytes <= next->first) &&
              (next == blocks_.begin() || std::prev(next)->first + std::prev(next)->second <= begin),
          "emulated device: expected a new block apart from those in use, got {} bytes with some in common", bytes);
    blocks_[begin] = bytes;
  }
  void end_block(void* block) {
    const std::lock_guard lock(mutex_);
    check(blocks_.erase(static_cast<char*>(block)) == 1,
          "emulated device: expected a block that is in use to be given back, got another pointer");
  }
  bool in_block(const void* pointer, std::size_t bytes) const {
    const std::lock_guard lock(mutex_);
    const auto* const begin = static_cast<const char*>(pointer);
    const auto next = blocks_.upper_bound(begin);
    if (next == blocks_.begin()) return false;
    return begin + bytes <= std::prev(next)->first + std::prev(next)->second;
  }

  void fail_at(int n) {
    const std::lock_guard lock(mutex_);
    failing_ = n;
  }
  bool fails() {
    const std::lock_guard lock(mutex_);
    return failing_ > 0 && --failing_ == 0;
  }

  void open() {
    const std::lock_guard lock(mutex_);
    if (open_++ == 0) protect();
  }
  void close() {
    const std::lock_guard lock(mutex_);
    if (--open_ == 0) protect();
  }

 private:
  int access() const { return open_ > 0 ? PROT_READ | PROT_WRITE : PROT_NONE; }
  void protect() const {
    if (kHeap) return;
    for (const auto& [memory, bytes] : pieces_) ::mprotect(memory, bytes, access());
  }
  void* map(std::size_t bytes) const {
    void* memory = ::mmap(nullptr, bytes, access(), MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? nullptr : memory;
  }
  static void* heap_block(std::size_t bytes) {
    void* memory = nullptr;
    return ::posix_memalign(&memory, kAlignment, bytes) == 0 ? memory : nullptr;
  }

  mutable std::mutex mutex_;
  std::map<void*, std::size_t> pieces_;
  std::map<const char*, std::size_t> blocks_;  // in use, each in one piece
  std::size_t taken_ = 0;
  int open_ = 0, failing_ = 0;
};

DeviceMemory& memory() {
  static auto* all = new DeviceMemory;  // never destroyed: tensors may outlive main's statics
  return *all;
}

}  // namespace

void* take_memory(std::size_t bytes) { return memory().take(bytes); }
void give_memory(void* piece) { memory().give(piece); }
std::size_t free_memory() { return memory().left(); }
bool memory_is_heap() { return kHeap; }
void begin_block(void* block, std::size_t bytes) { memory().begin_block(block, bytes); }
void end_block(void* block) { memory().end_block(block); }
bool is_device_memory(const void* pointer, std::size_t bytes) { return memory().in_block(pointer, bytes); }
void fail_allocation(int n) { memory().fail_at(n); }
bool allocation_fails() { return memory().fails(); }

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
  check(pointer == nullptr || is_device_memory(pointer),
        "kernel {}: expected a pointer to live device memory as argument {}, got another", kernel, argument);
}

}  // namespace s4l::emulated
