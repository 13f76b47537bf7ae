#include "s4l/core/device/staging.h"

#include <cstring>

namespace s4l {

void Staging::copy(const void* from, std::size_t bytes, Stream stream,
                   const std::function<void(const void* held)>& queue) {
  constexpr std::size_t kAlignment = 64;
  const std::lock_guard lock(mutex_);
  if (memory_ == nullptr) memory_ = runtime(stream.device()).host_memory(kBytes);
  if (used_ + bytes > kBytes) {
    runtime(stream.device()).synchronize(stream);
    used_ = 0;
  }
  std::byte* const held = static_cast<std::byte*>(memory_.get()) + used_;
  std::memcpy(held, from, bytes);
  used_ += (bytes + kAlignment - 1) / kAlignment * kAlignment;
  queue(held);
}

}  // namespace s4l
