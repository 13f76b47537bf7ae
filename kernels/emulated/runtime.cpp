// The runtime of the device that the CPU plays: nothing that is queued happens before somebody waits for it.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "s4l/core/device/cuda.h"
#include "s4l/core/device/staging.h"
#include "s4l/core/error.h"
#include "s4l/kernels/emulated/device_memory.h"
#include "s4l/kernels/emulated/streams.h"

namespace s4l::emulated {
namespace {

/// Which blocks graphs use, and so must stay; and how much is in use.
class Blocks {
 public:
  void taken(void* block, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    use_.current += bytes;
    use_.peak = std::max(use_.peak, use_.current);
    if (capturing_) recorded_[block] = false;
  }
  /// Whether it may go now; else the graph's end gives it back.
  bool returned(void* block, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    use_.current -= bytes;
    for (auto& graph : graphs_)
      if (const auto found = graph->find(block); found != graph->end()) return !(found->second = true);
    if (capturing_) recorded_[block] = true;
    return !capturing_;
  }

  using OfGraph = std::map<void*, bool>;  // and whether its tensor is gone
  void begin_capture() {
    const std::lock_guard lock(mutex_);
    capturing_ = true;
  }
  OfGraph* end_capture() {
    const std::lock_guard lock(mutex_);
    capturing_ = false;
    return graphs_.insert(std::make_unique<OfGraph>(std::exchange(recorded_, {}))).first->get();
  }
  void release(OfGraph* graph, void* stream) {
    const std::lock_guard lock(mutex_);
    for (const auto& [block, gone] : *graph)
      if (gone) streams().submit(stream, [memory = block] { emulated::free(memory); });
    graphs_.erase(std::find_if(graphs_.begin(), graphs_.end(), [=](const auto& one) { return one.get() == graph; }));
  }

  MemoryUse use() const {
    const std::lock_guard lock(mutex_);
    return {use_.current, use_.peak, allocated_bytes()};
  }

 private:
  mutable std::mutex mutex_;
  bool capturing_ = false;
  OfGraph recorded_;
  std::set<std::unique_ptr<OfGraph>> graphs_;
  MemoryUse use_;
};

class RecordedWork final : public Graph {
 public:
  RecordedWork(Blocks& blocks, void* stream)
      : blocks_(blocks), memory_(blocks.end_capture()), stream_(stream), work_(streams().end_capture(stream)) {}
  ~RecordedWork() override { blocks_.release(memory_, stream_); }
  void replay() override {
    for (const auto& piece : work_) streams().submit(stream_, piece);
  }

 private:
  Blocks& blocks_;
  Blocks::OfGraph* memory_;
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

  void* allocate(std::size_t bytes, Stream) override {
    void* block = emulated::allocate(bytes);
    blocks_.taken(block, bytes);
    return block;
  }
  void free(void* block, std::size_t bytes, Stream stream) noexcept override {
    if (blocks_.returned(block, bytes)) streams().submit(stream.handle(), [block] { emulated::free(block); });
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
    streams().begin_capture(stream.handle());
    blocks_.begin_capture();
    try {
      work();
    } catch (...) {
      const RecordedWork dropped(blocks_, stream.handle());
      throw;
    }
    auto graph = std::make_unique<RecordedWork>(blocks_, stream.handle());
    graph->replay();
    return graph;
  }

  MemoryUse memory_use() const override { return blocks_.use(); }
  std::string description() const override { return "played by the CPU"; }

 private:
  static constexpr Device kDevice{Device::Kind::cuda, 0};
  Stream compute_ = make_stream(kDevice, streams().make()), copy_ = make_stream(kDevice, streams().make());
  Staging& staging_of(Stream stream) { return stream.handle() == copy_.handle() ? for_copy_ : for_compute_; }

  Blocks blocks_;
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

}  // namespace s4l::cuda
