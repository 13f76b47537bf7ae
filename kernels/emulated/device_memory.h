#pragma once
#include <cstddef>

namespace s4l::emulated {

/// The emulated device's memory: NaN bytes when given and when taken back. Host code that reads it crashes at once
/// (under a sanitizer, whose own checks need it open, each block is a heap block instead).
void* allocate(std::size_t bytes);
void free(void* memory);
bool is_device_memory(const void* pointer);
/// Bytes in live allocations.
std::size_t allocated_bytes();
/// Copies where either side may be the device's.
void copy(void* to, const void* from, std::size_t bytes);
void fill(void* to, unsigned char byte, std::size_t bytes);

/// Lets the `n`-th allocation from now on fail (1: the next); 0: none.
void fail_allocation(int n);

/// While one lives, the device's memory is open.
class AccessToDeviceMemory {
 public:
  AccessToDeviceMemory();
  ~AccessToDeviceMemory();
  AccessToDeviceMemory(const AccessToDeviceMemory&) = delete;
  AccessToDeviceMemory& operator=(const AccessToDeviceMemory&) = delete;
};

}  // namespace s4l::emulated
