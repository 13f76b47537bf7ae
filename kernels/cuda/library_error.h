#pragma once
#include <string>

#include "s4l/core/device/device.h"

namespace s4l::cuda {

/// What a library answered: its own name for it ("CUDNN_STATUS_EXECUTION_FAILED"), and more words or none.
struct LibraryAnswer {
  std::string name, words{};
};

/// Throws it with the call, the problem and what to do. Where the library could not allocate, the Error is one of
/// memory and says what tensors hold and what is free.
[[noreturn]] void fail_call(const std::string& problem, const char* call, const LibraryAnswer& answer, Device device);

}  // namespace s4l::cuda
