// The runtime of the device that the CPU plays: nothing that is queued happens before somebody waits for it.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <vector>

#include "s4l/core/device/cuda.h"
#include "s4l/core/error.h"
#include "s4l/kernels/emulated/device_memory.h"
#include "s4l/kernels/emulated/streams.h"

namespace s4l::emulated {
namespace {

class RecordedWork final : public Graph {
 public:
  RecordedWork(void* stream, std::vector<std::function<void()>> work) : stream_(stream), work_(std::move(work)) {}
  void replay() override {
    for (const auto& piece : work_) streams().submit(stream_, piece);
  }

 private:
  void* stream_;
  std::vector<std::function<void()>> work_;
};

class EmulatedRuntime final : public Runtime {
 public:
  Stream compute_stream() override { return compute_; }
  Stream copy_stream() override { return copy_; }

  void* allocate(std::size_t bytes, Stream) override {
    const std::size_t held = current_ += bytes;
    for (std::size_t peak = peak_; peak < held && !peak_.compare_exchange_weak(peak, held);) {
    }
    return emulated::allocate(bytes);
  }
  /// What a graph may still use stays.
  void free(void* memory, std::size_t bytes, Stream stream) noexcept override {
    current_ -= bytes;
    if (!streams().capturing()) streams().submit(stream.handle(), [memory] { emulated::free(memory); });
  }

  void copy(void* to, const void* from, std::size_t bytes, Stream stream) override {
    if (bytes == 0) return;
    if (is_device_memory(from) || !is_device_memory(to)) {
      streams().submit(stream.handle(), [=] { emulated::copy(to, from, bytes); });
    } else {  // from pageable memory, which CUDA has read when the call returns
      const auto* first = static_cast<const std::byte*>(from);
      streams().submit(stream.handle(), [to, staged = std::vector<std::byte>(first, first + bytes)] {
        emulated::copy(to, staged.data(), staged.size());
      });
    }
  }
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
    try {
      work();
    } catch (...) {
      streams().end_capture(stream.handle());
      throw;
    }
    auto graph = std::make_unique<RecordedWork>(stream.handle(), streams().end_capture(stream.handle()));
    graph->replay();
    return graph;
  }

  MemoryUse memory_use() const override { return {current_, peak_, allocated_bytes()}; }

 private:
  static constexpr Device kDevice{Device::Kind::cuda, 0};
  Stream compute_ = make_stream(kDevice, streams().make()), copy_ = make_stream(kDevice, streams().make());
  std::atomic<std::size_t> current_{0}, peak_{0};
};

}  // namespace
}  // namespace s4l::emulated

namespace s4l::cuda {

int device_count() { return 1; }
std::string why_no_device() { return ""; }
Runtime& runtime(int) {
  static auto* device = new emulated::EmulatedRuntime;  // never destroyed: tensors may outlive main's statics
  return *device;
}

}  // namespace s4l::cuda
