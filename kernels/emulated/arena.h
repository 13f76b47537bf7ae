#pragma once
#include <cstddef>
#include <cstdint>

namespace s4l::emulated {

/// The memory of one block: shared memory between red zones, ThreadSanitizer's tokens, and the stacks of the fibers.
class Arena {
 public:
  static constexpr std::size_t kStack = 64 * 1024;
  static constexpr std::size_t kStaticLimit = 48 * 1024;

  Arena();
  /// Forgets the last block; under ThreadSanitizer also what it knows of these addresses. `stacks`: how many are
  /// needed.
  void reset(int stacks);
  /// Lowest address of the stack of fiber `i`; a guard page lies below it.
  void* stack(int i) const;
  /// A token of ThreadSanitizer's, one of 128.
  void* token(int i) const;

  /// Dynamic shared memory of the block, at its start.
  void* add_dynamic(std::size_t bytes);
  void* dynamic() const { return dynamic_; }
  std::size_t dynamic_bytes() const { return dynamic_bytes_; }
  /// The array that `key` stands for; null where it would pass the limit of static shared memory.
  void* static_array(const void* key, std::size_t bytes, std::size_t alignment);
  std::size_t static_bytes() const { return static_bytes_; }
  /// Whether all red zones are as they were made.
  bool red_zones_whole() const;

 private:
  struct Entry {
    const void* key;
    unsigned char* memory;
    std::size_t bytes;
  };
  static constexpr int kMostEntries = 64;

  unsigned char* add(const void* key, std::size_t bytes, std::size_t alignment);

  unsigned char* region_ = nullptr;
  int guarded_ = 0;
  Entry entries_[kMostEntries];
  int count_ = 0;
  std::size_t used_ = 0, static_bytes_ = 0, dynamic_bytes_ = 0;
  void* dynamic_ = nullptr;
};

}  // namespace s4l::emulated
