// Which kernels ran and were compared: counted at run time, so that no list can claim what nobody checked.
#include <algorithm>
#include <mutex>

#include "s4l/core/kernel.h"
#include "s4l/tests/support/op_case.h"

namespace s4l::test {
namespace {

std::mutex mutex;
std::vector<std::string> running, compared;

void note(const char* kernel, const Tensor& first) {
  const std::lock_guard lock(mutex);
  const std::string entry = std::string(kernel) + " " + to_text(first.device()) + " " + name_of(first.dtype());
  if (std::find(running.begin(), running.end(), entry) == running.end()) running.push_back(entry);
}

}  // namespace

const std::vector<std::string>& compared_kernels() { return compared; }

KernelsUnderTest::KernelsUnderTest() {
  running.clear();
  kernel_observer = note;
}
KernelsUnderTest::~KernelsUnderTest() { kernel_observer = nullptr; }

void KernelsUnderTest::mark_compared(const std::string& result) {
  const std::lock_guard lock(mutex);
  for (std::string entry : running) {
    if (!result.empty() && entry.ends_with(" u8")) entry += ">" + result;
    if (std::find(compared.begin(), compared.end(), entry) == compared.end()) compared.push_back(entry);
  }
}

}  // namespace s4l::test
