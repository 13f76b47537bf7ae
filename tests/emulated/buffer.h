#pragma once
#include <algorithm>
#include <vector>

#include "s4l/kernels/emulated/device_memory.h"

/// Device memory of n elements, filled by copying, else NaN.
template <class T>
class Buffer {
 public:
  explicit Buffer(const std::vector<T>& values) : Buffer(values.size()) {
    s4l::emulated::copy(memory_, values.data(), size_ * sizeof(T));
  }
  explicit Buffer(std::size_t size)
      : size_(size), memory_(s4l::emulated::take_memory(std::max<std::size_t>(size, 1) * sizeof(T))) {
    s4l::emulated::begin_block(memory_, size * sizeof(T));
    s4l::emulated::fill(memory_, 0xff, size * sizeof(T));
  }
  ~Buffer() {
    s4l::emulated::end_block(memory_);
    s4l::emulated::give_memory(memory_);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  T* data() const { return static_cast<T*>(memory_); }
  std::vector<T> host() const {
    std::vector<T> values(size_);
    s4l::emulated::copy(values.data(), memory_, size_ * sizeof(T));
    return values;
  }

 private:
  std::size_t size_;
  void* memory_;
};
