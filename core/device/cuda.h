#pragma once
#include <string>

#include "s4l/core/device/runtime.h"

/// What kernels/ defines in a build with S4L_WITH_CUDA: of the GPU, or of the device that the CPU plays.
namespace s4l::cuda {

/// Usable devices; 0 where the machine has none or no driver.
int device_count();
/// One line that says why device_count() is 0; empty where it is not.
std::string why_no_device();
/// Whether it computes faster than the CPU, so that it is chosen where nobody says a device.
bool is_fast();
Runtime& runtime(int index);
/// Bytes that the device could still give.
std::size_t free_memory(int index);

}  // namespace s4l::cuda
