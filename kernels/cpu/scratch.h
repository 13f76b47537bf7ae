#pragma once
#include <cstdint>

#include "s4l/core/device/storage.h"

namespace s4l::cpu {

/// Floats for as long as a kernel or a task needs them, from the runtime's cache of blocks.
class Scratch {
 public:
  explicit Scratch(std::int64_t floats)
      : storage_(Storage::allocate(static_cast<std::size_t>(floats) * sizeof(float), compute_stream(kCpu))) {}
  float* data() const { return static_cast<float*>(storage_->memory()); }

 private:
  std::shared_ptr<Storage> storage_;
};

}  // namespace s4l::cpu
