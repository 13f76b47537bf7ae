// Counts at run time. Catch2 calls this when all test cases of test_ops have run; a kernel that nobody compared is a
// failure that names it.
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#include <catch2/catch.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "s4l/core/device/device.h"
#include "s4l/tests/support/op_case.h"

namespace {

const char* const kKernels[] = {
#include "kernel_names.inc"
};

bool was_compared(const std::string& kernel, s4l::Device device) {
  const auto& compared = s4l::test::compared_kernels();
  const std::string prefix = kernel + " " + to_text(device) + " ";
  return std::any_of(compared.begin(), compared.end(),
                     [&](const std::string& entry) { return entry.rfind(prefix, 0) == 0; });
}

struct Registry : Catch::TestEventListenerBase {
  using TestEventListenerBase::TestEventListenerBase;
  void testRunEnded(const Catch::TestRunStats& stats) override {
    const bool whole = m_config->getTestsOrTags().empty();
    if (!whole || stats.totals.testCases.failed != 0) return;  // a filtered run says nothing about the rest
    int missing = 0;
    for (const char* kernel : kKernels)
      for (const s4l::Device& device : s4l::devices())
        if (!was_compared(kernel, device)) {
          std::fprintf(stderr, "registry: kernel %s was never compared on %s\n", kernel, to_text(device).c_str());
          ++missing;
        }
    std::printf("registry: %zu kernels declared, %zu (kernel, device, type) compared, %d missing\n",
                std::size(kKernels), s4l::test::compared_kernels().size(), missing);
    if (missing != 0) {
      std::fflush(stdout);
      std::_Exit(1);  // Catch2 v2 has no other way to fail a run from a listener
    }
  }
};
CATCH_REGISTER_LISTENER(Registry)

}  // namespace
