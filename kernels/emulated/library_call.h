#pragma once
#include <functional>
#include <string>
#include <vector>

#include "s4l/core/device/runtime.h"

namespace s4l::emulated {

/// Lets the `n`-th call of a library from now on (1: the next) answer with the error of this name; 0: none.
void fail_library_call(int n, std::string name = {});

/// Refuses to choose a plan for a problem that is new while work is recorded: the libraries' plans are tried by running
/// and waiting for them.
void check_may_choose(bool is_new, const std::string& problem);

/// A call of one of CUDA's libraries: what it is given is checked as strictly as can be, then the work is queued.
class LibraryCall {
 public:
  /// `alignment` in bytes is asked of every operand.
  LibraryCall(std::string name, std::size_t alignment) : name_(std::move(name)), alignment_(alignment) {}
  /// Refuses an address that is not aligned, memory that is not the device's for all its bytes, and memory that is
  /// written and has bytes in common with another operand.
  void operand(const char* role, const void* memory, std::size_t bytes, bool written);
  /// An operand like the others that the library writes garbage to.
  void workspace(void* memory, std::size_t bytes);
  /// Queues `work` as the library's `call`, which finds the device's memory open.
  void submit(const char* call, Stream stream, std::function<void()> work) const;

 private:
  struct Operand {
    const char* role;
    const char* memory;
    std::size_t bytes;
    bool written;
  };
  std::string name_;
  std::size_t alignment_;
  std::vector<Operand> operands_;
  void* workspace_ = nullptr;
  std::size_t workspace_bytes_ = 0;
};

}  // namespace s4l::emulated
