// The runtime of the device that the CPU plays: nothing that is queued happens before somebody waits for it.
#include <cstdlib>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "s4l/core/device/cuda.h"
#include "s4l/core/device/memory_pool.h"
#include "s4l/core/device/staging.h"
#include "s4l/core/error.h"
#include "s4l/kernels/emulated/device_memory.h"
#include "s4l/kernels/emulated/streams.h"

namespace s4l::emulated {
namespace {

class RecordedWork final : public Graph {
 public:
  RecordedWork(std::unique_ptr<GraphMemory> memory, void* stream, std::vector<std::function<void()>> work)
      : memory_(std::move(memory)), stream_(stream), work_(std::move(work)) {}
  void replay() override {
    for (const auto& piece : work_) streams().submit(stream_, piece);
  }

 private:
  std::unique_ptr<GraphMemory> memory_;
  void* stream_;
  std::vector<std::function<void()>> work_;
};

/// Page-locked host memory: a copy from it reads what is there when the copy is done.
class Pinned {
 public:
  std::shared_ptr<void> allocate(std::size_t bytes) {
    auto* const memory = new std::byte[bytes];
    const std::lock_guard lock(mutex_);
    ranges_[memory] = bytes;
    return {memory, [this](const void* begin) { release(static_cast<const std::byte*>(begin)); }};
  }
  bool contains(const void* memory) const {
    const auto* at = static_cast<const std::byte*>(memory);
    const std::lock_guard lock(mutex_);
    const auto next = ranges_.upper_bound(at);
    return next != ranges_.begin() && at < std::prev(next)->first + std::prev(next)->second;
  }

 private:
  void release(const std::byte* begin) {
    const std::lock_guard lock(mutex_);
    ranges_.erase(begin);
    delete[] begin;
  }
  mutable std::mutex mutex_;
  std::map<const std::byte*, std::size_t> ranges_;
};

class EmulatedRuntime final : public Runtime {
 public:
  Stream compute_stream() override { return compute_; }
  Stream copy_stream() override { return copy_; }

  void* allocate(std::size_t bytes, Stream stream) override {
    MemoryPool& pool = pool_of(stream);
    if (allocation_fails()) pool.refuse(bytes);
    void* block = pool.take(apart(bytes));
    begin_block(block, bytes);
    if (streams().capturing())
      fill(block, 0xff, bytes, stream);
    else
      forget(block, bytes, stream);
    return block;
  }
  void free(void* block, std::size_t bytes, Stream stream) noexcept override {
    end_block(block);
    forget(block, bytes, stream);
    pool_of(stream).give(block, apart(bytes));
  }

  void copy(void* to, const void* from, std::size_t bytes, Stream stream) override {
    if (bytes == 0) return;
    const bool on_device = is_device_memory(from) && is_device_memory(to);
    check(on_device || !streams().capturing(), "copy: expected no host memory in a capture, got some");
    const auto queue = [=](const void* held) {
      streams().submit(stream.handle(), [=] { emulated::copy(to, held, bytes); });
    };
    const bool pageable = !is_device_memory(from) && !pinned_.contains(from);
    if (pageable && bytes <= Staging::kLargest) return staging_of(stream).copy(from, bytes, stream, queue);
    queue(from);
    if (pageable) synchronize(stream);
  }
  std::shared_ptr<void> host_memory(std::size_t bytes) override { return pinned_.allocate(bytes); }
  void fill(void* to, unsigned char byte, std::size_t bytes, Stream stream) override {
    if (bytes != 0) streams().submit(stream.handle(), [=] { emulated::fill(to, byte, bytes); });
  }

  Event record(Stream stream) override { return {streams().record(stream.handle())}; }
  void wait(Stream stream, const Event& event) override {
    streams().wait(stream.handle(), std::static_pointer_cast<Streams::Event>(event.handle));
  }
  void synchronize(Stream stream) override { streams().synchronize(stream.handle()); }

  std::unique_ptr<Graph> capture(Stream stream, std::function<void()> work) override {
    auto memory = std::make_unique<GraphMemory>(pool_of(stream));
    streams().begin_capture(stream.handle());
    try {
      work();
    } catch (...) {
      streams().end_capture();
      throw;
    }
    auto recorded = streams().end_capture();
    memory->recorded();  // after it: what goes back now is no part of the graph
    auto graph = std::make_unique<RecordedWork>(std::move(memory), stream.handle(), std::move(recorded));
    graph->replay();
    return graph;
  }

  MemoryUse memory_use() const override {
    const MemoryUse a = of_compute_.use(), b = of_copy_.use();
    return {a.current + b.current, a.peak + b.peak, a.reserved + b.reserved};
  }
  std::string description() const override { return "played by the CPU"; }

 private:
  static constexpr Device kDevice{Device::Kind::cuda, 0};
  Stream compute_ = make_stream(kDevice, streams().make()), copy_ = make_stream(kDevice, streams().make());
  Staging& staging_of(Stream stream) { return stream.handle() == copy_.handle() ? for_copy_ : for_compute_; }
  MemoryPool& pool_of(Stream stream) { return stream.handle() == copy_.handle() ? of_copy_ : of_compute_; }
  /// NaN for floats; not while the stream is captured, whose graph may read it again.
  static void forget(void* block, std::size_t bytes, Stream stream) {
    streams().submit_unless_captured(stream.handle(), [=] { emulated::fill(block, 0xff, bytes); });
  }
  /// No block begins where another ends: a pointer to one that is gone would pass for the end of its neighbour.
  static std::size_t apart(std::size_t bytes) { return memory_is_heap() || bytes + 1 == 0 ? bytes : bytes + 1; }
  /// What goes back is used until `stream` has come so far; memory that ends waits for it, as cudaFree would have.
  static MemoryPool pool_for(Stream stream) {
    const auto give = [stream](void* memory) { streams().submit(stream.handle(), [memory] { give_memory(memory); }); };
    const auto take = [stream](std::size_t bytes) {
      void* memory = take_memory(bytes);
      if (memory != nullptr || streams().captured(stream.handle())) return memory;
      streams().synchronize(stream.handle());
      return take_memory(bytes);
    };
    return {kDevice, {take, give, free_memory}, reuse_memory() && !memory_is_heap()};
  }

  MemoryPool of_compute_ = pool_for(compute_), of_copy_ = pool_for(copy_);
  Pinned pinned_;
  Staging for_compute_, for_copy_;
};

}  // namespace
}  // namespace s4l::emulated

namespace s4l::cuda {

// As CUDA's own: CUDA_VISIBLE_DEVICES= hides the device.
int device_count() {
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  return visible != nullptr && *visible == 0 ? 0 : 1;
}
std::string why_no_device() { return device_count() == 0 ? "CUDA_VISIBLE_DEVICES is empty" : ""; }
bool is_fast() { return false; }
Runtime& runtime(int) {
  static auto* device = new emulated::EmulatedRuntime;  // never destroyed: tensors may outlive main's statics
  return *device;
}
std::size_t free_memory(int) { return emulated::free_memory(); }

}  // namespace s4l::cuda
