#pragma once
#include <cstddef>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "s4l/core/device/runtime.h"

namespace s4l {

/// Bytes that the machine could still give without swapping, and the process's control groups allow; the system itself
/// promises more than it has.
std::size_t available_memory();

/// "12.5 MiB", "12.5 KiB", "12 bytes"
std::string size_text(std::size_t bytes);

/// Address space handed out in pieces of any size: the smallest free one that fits is cut, and neighbours join when
/// they come back, so that a later step finds room for what an earlier one used in other sizes. What it has taken from
/// the system it keeps. Thread-safe.
class Arena {
 public:
  /// At least `bytes`, aligned to 64; the system's refusal is an Error(memory) that says what is held.
  void* take(std::size_t bytes);
  void give(void* block, std::size_t bytes) noexcept;
  MemoryUse use() const;

 private:
  using Free = std::map<std::byte*, std::size_t>;  // address and size, no two of them adjacent

  void* cut(std::size_t bytes);
  void add(std::byte* begin, std::size_t bytes);
  void remove(Free::iterator piece);
  bool grow(std::size_t bytes);
  bool map(std::size_t bytes);
  void release_free_pages();

  mutable std::mutex mutex_;
  Free free_;
  std::set<std::pair<std::size_t, std::byte*>> by_size_;
  std::byte* lowest_ = nullptr;  // of what was taken last: the next taking is asked to end there
  MemoryUse use_;
};

}  // namespace s4l
