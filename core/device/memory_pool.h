#pragma once
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <set>
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

/// A device's memory in blocks of any size, cut from large segments that it keeps. A block given back serves the next
/// request at once: all work with the blocks is queued on one stream, so what comes later finds it done. What is taken
/// between begin_capture() and end_capture() belongs to a graph, which uses the same addresses again and again, and
/// serves nobody else before release(). Thread-safe.
class MemoryPool {
 public:
  MemoryPool(Device device, MemorySource source);

  /// Aligned to 512 bytes; the source's refusal is an Error(memory) that says what is asked, held and free.
  void* take(std::size_t bytes);
  void give(void* block, std::size_t bytes) noexcept;

  /// The number of the graph that is being recorded; one at a time.
  int begin_capture();
  void end_capture();
  void release(int graph) noexcept;

  MemoryUse use() const;

 private:
  using Kind =
      std::pair<int, bool>;  // graph (0: none) and whether small: the small live long and would cut up the rest
  struct Segment {
    std::size_t bytes;
    Kind kind;
  };
  using Segments = std::map<std::byte*, Segment>;

  Segments::iterator segment_of(std::byte* at);
  void* cut(Kind kind, std::size_t bytes);
  void add(std::byte* begin, std::size_t bytes);
  void remove(std::byte* begin, std::size_t bytes);
  bool grow(Kind kind, std::size_t bytes);
  bool take_segment(Kind kind, std::size_t bytes);
  void release_free_segments();

  Device device_;
  MemorySource source_;
  mutable std::mutex mutex_;
  Segments segments_;
  std::map<std::byte*, std::size_t> free_;                          // no two neighbours of one segment
  std::set<std::tuple<Kind, std::size_t, std::byte*>> by_size_;     // the same
  std::map<int, std::vector<std::pair<void*, std::size_t>>> kept_;  // others' blocks that a graph still uses
  int capturing_ = 0, graphs_ = 0;
  MemoryUse use_;
};

}  // namespace s4l
