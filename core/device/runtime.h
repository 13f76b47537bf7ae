#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "s4l/core/device/device.h"

namespace s4l {

/// A queue of work on one device: one word, a view. Made by a runtime, never from 0 or null.
class Stream {
 public:
  Device device() const { return device_; }
  void* handle() const { return handle_; }

 private:
  friend class Runtime;
  Stream(Device device, void* handle) : device_(device), handle_(handle) {}
  Device device_;
  void* handle_;
};

/// A point in a stream's work that another stream or the host can wait for.
struct Event {
  std::shared_ptr<void> handle;
};

/// Work recorded once, to be done again with the same addresses.
class Graph {
 public:
  virtual ~Graph() = default;
  virtual void replay() = 0;
};

struct MemoryUse {
  std::size_t current = 0;   ///< bytes in live allocations
  std::size_t peak = 0;      ///< the most there were, or the sum of that over a device's pools
  std::size_t reserved = 0;  ///< bytes of address space taken, those never touched included
};

/// What a device must do for the engine; kernels/ has what it computes. core implements the CPU's.
class Runtime {
 public:
  virtual ~Runtime() = default;
  virtual Stream compute_stream() = 0;
  virtual Stream copy_stream() = 0;

  /// Memory that is ready for work queued on `stream` from now on, aligned to 64 bytes at least.
  virtual void* allocate(std::size_t bytes, Stream stream) = 0;
  /// Gives it back once the work queued on `stream` so far is done.
  virtual void free(void* memory, std::size_t bytes, Stream stream) noexcept = 0;
  /// Copies between host and this device, any two; page-locked memory must stay until then, other may change at once.
  virtual void copy(void* to, const void* from, std::size_t bytes, Stream stream) = 0;
  /// Page-locked host memory, from which copies run beside other work; null where that would change nothing.
  virtual std::shared_ptr<void> host_memory(std::size_t bytes) = 0;
  virtual void fill(void* to, unsigned char byte, std::size_t bytes, Stream stream) = 0;

  virtual Event record(Stream stream) = 0;
  virtual void wait(Stream stream, const Event& event) = 0;
  virtual void synchronize(Stream stream) = 0;
  /// Runs `work` once while recording it. It may not wait for the device; memory that it takes or gives back stays the
  /// graph's. The other memory that it uses the caller keeps as long as the graph: given back after the capture, it is
  /// handed to others, and replays would read their numbers.
  virtual std::unique_ptr<Graph> capture(Stream stream, std::function<void()> work) = 0;

  virtual MemoryUse memory_use() const = 0;
  /// In a few words, for people: its name, what it has.
  virtual std::string description() const = 0;

 protected:
  static Stream make_stream(Device device, void* handle) { return {device, handle}; }
};

/// The runtime of `device`; made on first use and never destroyed.
Runtime& runtime(Device device);
Runtime& cpu_runtime();
inline Stream compute_stream(Device device) { return runtime(device).compute_stream(); }
inline Stream copy_stream(Device device) { return runtime(device).copy_stream(); }

/// Fills fresh memory with 0xFF bytes (NaN for floats), so that a test finds a read before a write.
void set_poison(bool on);
bool poison();

}  // namespace s4l
