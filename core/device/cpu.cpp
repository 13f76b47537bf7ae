// The CPU's runtime: work is done when the call returns, so streams, events and waits cost nothing.
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <vector>

#include "s4l/core/device/runtime.h"
#include "s4l/core/error.h"

#if defined(__SANITIZE_ADDRESS__)
#define S4L_ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define S4L_ADDRESS_SANITIZER
#endif
#endif

namespace s4l {
namespace {

std::atomic<bool> poison{false};

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kHugePage = std::size_t{2} << 20;

/// Sizes are rounded to eighths of a power of two, so that a block fits the next tensor of nearly its size.
std::size_t rounded(std::size_t bytes) {
  if (bytes <= 512) return (bytes + kAlignment - 1) / kAlignment * kAlignment + (bytes == 0 ? kAlignment : 0);
  std::size_t step = 64;
  while (step * 16 < bytes) step *= 2;
  return (bytes + step - 1) / step * step;
}

/// Freed blocks kept for the next step, which asks for the same sizes again.
class BlockCache {
 public:
  void* take(std::size_t bytes) {
    const std::size_t size = rounded(bytes);
    const std::lock_guard lock(mutex_);
    use_.current += size;
    use_.peak = std::max(use_.peak, use_.current);
    auto& blocks = free_[size];
    if (!blocks.empty()) {
      void* block = blocks.back();
      blocks.pop_back();
      return block;
    }
    use_.reserved += size;
    return fresh(size);
  }

  void give(void* block, std::size_t bytes) noexcept {
    const std::size_t size = rounded(bytes);
    const std::lock_guard lock(mutex_);
    use_.current -= size;
#ifdef S4L_ADDRESS_SANITIZER
    use_.reserved -= size;  // no re-use: AddressSanitizer then sees every access to a dead tensor
    std::free(block);
#else
    free_[size].push_back(block);
#endif
  }

  MemoryUse use() const {
    const std::lock_guard lock(mutex_);
    return use_;
  }

 private:
  static void* fresh(std::size_t size) {
    const std::size_t alignment = size >= kHugePage ? kHugePage : kAlignment;
    void* block = std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    if (block == nullptr) throw std::bad_alloc();
    if (size >= kHugePage) ::madvise(block, size, MADV_HUGEPAGE);  // advice only: failure changes nothing
    return block;
  }

  mutable std::mutex mutex_;
  std::map<std::size_t, std::vector<void*>> free_;
  MemoryUse use_;
};

class ReplayByCall final : public Graph {
 public:
  explicit ReplayByCall(std::function<void()> work) : work_(std::move(work)) {}
  void replay() override { work_(); }

 private:
  std::function<void()> work_;
};

class CpuRuntime final : public Runtime {
 public:
  Stream compute_stream() override { return make_stream(kCpu, this); }
  Stream copy_stream() override { return make_stream(kCpu, this); }
  void* allocate(std::size_t bytes, Stream) override {
    void* memory = cache_.take(bytes);
    if (poison.load(std::memory_order_relaxed)) std::memset(memory, 0xff, bytes);
    return memory;
  }
  void free(void* memory, std::size_t bytes, Stream) noexcept override { cache_.give(memory, bytes); }
  void copy(void* to, const void* from, std::size_t bytes, Stream) override {
    if (bytes != 0) std::memmove(to, from, bytes);
  }
  void fill(void* to, unsigned char byte, std::size_t bytes, Stream) override {
    if (bytes != 0) std::memset(to, byte, bytes);
  }
  Event record(Stream) override { return {}; }
  void wait(Stream, const Event&) override {}
  void synchronize(Stream) override {}
  std::unique_ptr<Graph> capture(Stream, std::function<void()> work) override {
    work();
    return std::make_unique<ReplayByCall>(std::move(work));
  }
  MemoryUse memory_use() const override { return cache_.use(); }

 private:
  BlockCache cache_;
};

}  // namespace

void set_poison(bool on) { poison.store(on, std::memory_order_relaxed); }

Runtime& runtime(Device device) {
  check(device.kind == Device::Kind::cpu, "runtime: expected cpu (this build has no CUDA), got {}", device);
  static CpuRuntime* cpu = new CpuRuntime;  // never destroyed: tensors may outlive main's statics
  return *cpu;
}

std::vector<Device> devices() { return {kCpu}; }

std::string to_text(Device device) {
  return device.kind == Device::Kind::cpu ? "cpu" : "cuda:" + std::to_string(device.index);
}

Device device_from(const std::string& text) {
  for (const Device& device : devices()) {
    const std::string name = to_text(device);
    if (text == name || (device.index == 0 && text == name.substr(0, name.find(':')))) return device;
  }
  std::string have;
  for (const Device& device : devices()) have += (have.empty() ? "" : ", ") + to_text(device);
  fail(ErrorKind::usage, "device: expected one of {} (what this build on this machine has), got \"{}\"", have, text);
}

}  // namespace s4l
