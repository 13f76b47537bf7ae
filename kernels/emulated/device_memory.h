#pragma once
#include <cstddef>

namespace s4l::emulated {

/// The emulated device's memory as cudaMalloc and cudaFree have it, null where there is no more. Host code that reads
/// it crashes at once (under AddressSanitizer, whose own checks need it open, each piece is a heap block instead).
void* take_memory(std::size_t bytes);
void give_memory(void* memory);
/// Bytes that take_memory() could still give.
std::size_t free_memory();
/// Whether each piece is a heap block.
bool memory_is_heap();

/// From now on the device's bytes from `block` are somebody's, who alone may use them; until end_block().
void begin_block(void* block, std::size_t bytes);
void end_block(void* block);
/// Whether one block holds these bytes; the end of a block holds none.
bool is_device_memory(const void* pointer, std::size_t bytes = 0);
/// Copies where either side may be the device's.
void copy(void* to, const void* from, std::size_t bytes);
void fill(void* to, unsigned char byte, std::size_t bytes);

/// Lets the `n`-th allocation of the runtime from now on fail (1: the next); 0: none.
void fail_allocation(int n);
/// Asked once for each allocation: whether it is the one to fail.
bool allocation_fails();

/// While one lives, the device's memory is open.
class AccessToDeviceMemory {
 public:
  AccessToDeviceMemory();
  ~AccessToDeviceMemory();
  AccessToDeviceMemory(const AccessToDeviceMemory&) = delete;
  AccessToDeviceMemory& operator=(const AccessToDeviceMemory&) = delete;
};

}  // namespace s4l::emulated
