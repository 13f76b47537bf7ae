#pragma once
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "s4l/core/device/runtime.h"

namespace s4l {

/// What a pool's memory comes from.
struct MemorySource {
  std::function<void*(std::size_t bytes)> take;  ///< null where there is no more
  std::function<void(void* memory)> give;
  std::function<std::size_t()> free;  ///< bytes that take() could still give
};

/// Whether a device's memory is reused: not where the environment says S4L_MEMORY_POOL=0.
bool reuse_memory();

/// A device's memory in blocks of any size, cut from large segments that it keeps. A block given back serves the next
/// request at once: all work with the blocks is queued on one stream, so what comes later finds it done. What a thread
/// takes between its begin_capture() and end_capture() belongs to a graph, which uses the same addresses again and
/// again, and serves nobody else before release(). Thread-safe.
///
/// Without reuse each block is memory of its own, of just the bytes asked, which goes back to the source at once, or
/// with the graph that uses it: tools that watch a device's memory then see an access outside of a living block.
class MemoryPool {
 public:
  MemoryPool(Device device, MemorySource source, bool reuse = true);

  /// Aligned to 512 bytes, or as the source has it; its refusal is an Error(memory) that says what is asked, held and
  /// free.
  void* take(std::size_t bytes);
  void give(void* block, std::size_t bytes) noexcept;
  /// Throws what is said of `bytes` that cannot be had.
  [[noreturn]] void refuse(std::size_t bytes) const;

  /// The number of the graph that the calling thread records from now on; one at a time.
  int begin_capture();
  void end_capture();
  /// Drops what replays, too, and that first. While another graph is recorded it waits for the end of that: to wait for
  /// the device or to give memory to it would be recorded as well.
  void release(int graph, std::shared_ptr<void> replayed) noexcept;

  MemoryUse use() const;

 private:
  using Kind =
      std::pair<int, bool>;  // graph (0: none) and whether small: the small live long and would cut up the rest
  struct Segment {
    std::size_t bytes;
    Kind kind;
  };
  using Segments = std::map<std::byte*, Segment>;

  std::size_t size_of(std::size_t bytes) const;
  Segments::iterator segment_of(void* block);
  void* find(std::size_t bytes);
  void* cut(Kind kind, std::size_t bytes);
  void put_back(void* block, std::size_t bytes);
  void add(std::byte* begin, std::size_t bytes);
  void remove(std::byte* begin, std::size_t bytes);
  bool grow(Kind kind, std::size_t bytes);
  std::byte* take_segment(Kind kind, std::size_t bytes);
  Segments::iterator give_segment(Segments::iterator segment);
  void release_free_segments();
  void release_now(int graph);

  Device device_;
  MemorySource source_;
  bool reuse_;
  mutable std::mutex mutex_;
  Segments segments_;
  std::map<std::byte*, std::size_t> free_;                          // no two neighbours of one segment
  std::set<std::tuple<Kind, std::size_t, std::byte*>> by_size_;     // the same
  std::map<int, std::vector<std::pair<void*, std::size_t>>> kept_;  // blocks given back that a graph still uses
  std::vector<std::pair<int, std::shared_ptr<void>>> late_;         // released while another was recorded
  int capturing_ = 0, graphs_ = 0;
  std::thread::id capturing_thread_;
  MemoryUse use_;
};

/// A graph's memory in a pool, released when it goes, be the graph whole or its capture broken off.
class GraphMemory {
 public:
  /// Begins the capture; recorded() ends it.
  explicit GraphMemory(MemoryPool& pool) : pool_(pool), graph_(pool.begin_capture()) {}
  ~GraphMemory() {
    recorded();
    pool_.release(graph_, std::move(replayed_));
  }
  GraphMemory(const GraphMemory&) = delete;
  GraphMemory& operator=(const GraphMemory&) = delete;
  void recorded() {
    if (std::exchange(recording_, false)) pool_.end_capture();
  }
  /// What replays with it.
  void hold(std::shared_ptr<void> replayed) { replayed_ = std::move(replayed); }

 private:
  MemoryPool& pool_;
  int graph_;
  bool recording_ = true;
  std::shared_ptr<void> replayed_;
};

}  // namespace s4l
