#pragma once
#include <functional>
#include <string>
#include <vector>

#include "s4l/kernels/cuda/portable.h"
#include "s4l/kernels/emulated/device_memory.h"

/// Device memory of n elements, filled by copying.
template <class T>
class Buffer {
 public:
  explicit Buffer(std::vector<T> values) : size_(values.size()), memory_(s4l::emulated::allocate(size_ * sizeof(T))) {
    s4l::emulated::copy(memory_, values.data(), size_ * sizeof(T));
  }
  explicit Buffer(std::size_t size) : size_(size), memory_(s4l::emulated::allocate(size * sizeof(T))) {}
  ~Buffer() { s4l::emulated::free(memory_); }
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

/// A kernel with one bug, or a correct one that looks like it, and what must find it.
struct Bug {
  std::string name;
  std::string found_by;                     ///< natural, schedules, address, thread or nothing
  std::function<std::vector<float>()> run;  ///< the kernel's output
  std::vector<float> right;                 ///< what it should be
};

std::vector<Bug> block_bugs();
std::vector<Bug> warp_bugs();
std::vector<Bug> memory_bugs();
std::vector<Bug> race_bugs();

inline std::vector<float> counted(int n, float first = 0) {
  std::vector<float> values(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) values[static_cast<std::size_t>(i)] = first + static_cast<float>(i);
  return values;
}
