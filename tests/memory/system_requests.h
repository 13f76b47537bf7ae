#pragma once
#include <cstddef>

namespace s4l::test {

/// Counts what is asked of the system while one is alive, by any thread: calls of malloc and its kin and of mmap for 4
/// KiB or more. One at a time.
class SystemRequests {
 public:
  SystemRequests();
  ~SystemRequests();
  int count() const;
  std::size_t largest() const;
  /// False in a sanitizer's build, whose own malloc takes the place of the counting one.
  static bool supported();
};

}  // namespace s4l::test
