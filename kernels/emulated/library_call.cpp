#include "s4l/kernels/emulated/library_call.h"

#include <cstdint>

#include "s4l/core/error.h"
#include "s4l/kernels/cuda/library_error.h"
#include "s4l/kernels/emulated/device_memory.h"
#include "s4l/kernels/emulated/executor.h"
#include "s4l/kernels/emulated/streams.h"

namespace s4l::emulated {

namespace {

int failing = 0;  // the number of the call that fails; touched by the thread that tests
std::string answer;

}  // namespace

void fail_library_call(int n, std::string name) {
  failing = n;
  answer = std::move(name);
}

void check_may_choose(bool is_new, const std::string& problem) {
  check(!is_new || !streams().capturing(), "{}: expected a problem that was met before the capture, got a new one",
        problem);
}

void LibraryCall::operand(const char* role, const void* memory, std::size_t bytes, bool written) {
  if (bytes == 0) return;
  const auto address = reinterpret_cast<std::uintptr_t>(memory);
  check(memory != nullptr, "{}: expected {} bytes of {}, got none", name_, bytes, role);
  check(address % alignment_ == 0, "{}: expected {} at a multiple of {} bytes, got {} beyond one", name_, role,
        alignment_, address % alignment_);
  const Operand operand{role, static_cast<const char*>(memory), bytes, written};
  const int number = static_cast<int>(operands_.size()) + 1;
  check_pointer(name_.c_str(), number, operand.memory);
  check(is_device_memory(memory, bytes),
        "{}: expected {} bytes of {} in one block of the device's memory, got a smaller", name_, bytes, role);
  for (const Operand& other : operands_) {
    const bool apart = operand.memory + bytes <= other.memory || other.memory + other.bytes <= operand.memory;
    check(apart || !(written || other.written), "{}: expected {} apart from {}, got bytes in common", name_, role,
          other.role);
  }
  operands_.push_back(operand);
}

void LibraryCall::workspace(void* memory, std::size_t bytes) {
  operand("workspace", memory, bytes, true);
  workspace_ = memory;
  workspace_bytes_ = bytes;
}

void LibraryCall::submit(const char* call, Stream stream, std::function<void()> work) const {
  if (failing > 0 && --failing == 0) cuda::fail_call(name_, call, {answer}, stream.device());
  emulated::submit(stream.handle(), [memory = workspace_, bytes = workspace_bytes_, work = std::move(work)] {
    const AccessToDeviceMemory access;
    fill(memory, 0xff, bytes);
    work();
  });
}

}  // namespace s4l::emulated
