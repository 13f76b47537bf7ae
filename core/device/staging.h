#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>

#include "s4l/core/device/runtime.h"

namespace s4l {

/// Page-locked memory in between: what a device reads is copied there first, so that a copy from ordinary host memory
/// waits for nothing and its source may change at once. Of one stream; filled from begin to end, and again when the
/// stream has come so far. Thread-safe.
class Staging {
 public:
  static constexpr std::size_t kBytes = 1 << 20, kLargest = 1 << 16;  ///< of all, and of one piece

  /// Calls queue(held) with a copy of the piece, which stays until what is queued on `stream` by then is done.
  void copy(const void* from, std::size_t bytes, Stream stream, const std::function<void(const void* held)>& queue);

 private:
  std::mutex mutex_;
  std::shared_ptr<void> memory_;
  std::size_t used_ = 0;
};

}  // namespace s4l
