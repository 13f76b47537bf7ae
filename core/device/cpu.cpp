// The CPU's runtime: work is done when the call returns, so streams, events and waits cost nothing.
#include <atomic>
#include <cstring>
#include <new>

#include "s4l/core/device/arena.h"
#include "s4l/core/device/runtime.h"
#include "s4l/core/sanitizer.h"

namespace s4l {
namespace {

std::atomic<bool> poisoned{false};

#if S4L_ADDRESS_SANITIZER
/// Every block an allocation of its own: AddressSanitizer then sees each access outside of a living tensor.
class Blocks {
 public:
  void* take(std::size_t bytes) {
    current_ += bytes;
    for (std::size_t peak = peak_; peak < current_ && !peak_.compare_exchange_weak(peak, current_);) {
    }
    return ::operator new (bytes, std::align_val_t{64});
  }
  void give(void* block, std::size_t bytes) noexcept {
    current_ -= bytes;
    ::operator delete (block, std::align_val_t{64});
  }
  MemoryUse use() const { return {current_, peak_, current_}; }

 private:
  std::atomic<std::size_t> current_{0}, peak_{0};
};
#else
/// Small blocks apart: many of them live long, and would cut up the room of the large.
class Blocks {
 public:
  void* take(std::size_t bytes) { return of(bytes).take(bytes); }
  void give(void* block, std::size_t bytes) noexcept { of(bytes).give(block, bytes); }
  MemoryUse use() const {
    const MemoryUse a = small_.use(), b = large_.use();
    return {a.current + b.current, a.peak + b.peak, a.reserved + b.reserved};
  }

 private:
  static constexpr std::size_t kSmall = 32 << 10;
  Arena& of(std::size_t bytes) { return bytes <= kSmall ? small_ : large_; }
  Arena small_, large_;
};
#endif

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
    void* memory = blocks_.take(bytes);
    if (poison()) std::memset(memory, 0xff, bytes);
    return memory;
  }
  void free(void* memory, std::size_t bytes, Stream) noexcept override { blocks_.give(memory, bytes); }
  void copy(void* to, const void* from, std::size_t bytes, Stream) override {
    if (bytes != 0) std::memmove(to, from, bytes);
  }
  void fill(void* to, unsigned char byte, std::size_t bytes, Stream) override {
    if (bytes != 0) std::memset(to, byte, bytes);
  }
  std::shared_ptr<void> host_memory(std::size_t) override { return nullptr; }
  Event record(Stream) override { return {}; }
  void wait(Stream, const Event&) override {}
  void synchronize(Stream) override {}
  std::unique_ptr<Graph> capture(Stream, std::function<void()> work) override {
    work();
    return std::make_unique<ReplayByCall>(std::move(work));
  }
  MemoryUse memory_use() const override { return blocks_.use(); }
  std::string description() const override { return "this processor"; }

 private:
  Blocks blocks_;
};

}  // namespace

void set_poison(bool on) { poisoned.store(on, std::memory_order_relaxed); }
bool poison() { return poisoned.load(std::memory_order_relaxed); }

Runtime& cpu_runtime() {
  static CpuRuntime* cpu = new CpuRuntime;  // never destroyed: tensors may outlive main's statics
  return *cpu;
}

}  // namespace s4l
