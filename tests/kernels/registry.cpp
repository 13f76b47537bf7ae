// Counts at run time: when all test cases have run, every kernel must have been compared on each device and type that
// tests/golden/kernel_types.txt claims for it.
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#include "s4l/tests/support/registry.h"

#include <catch2/catch.hpp>
#include <cstdio>

#include "s4l/tests/kernels/device_case.h"

namespace {

struct Registry : Catch::TestEventListenerBase {
  using TestEventListenerBase::TestEventListenerBase;
  void testRunEnded(const Catch::TestRunStats& stats) override {
    if (s4l::test::watched_for_races())
      std::puts(
          "skipped: the longest rows and largest pictures of test_kernels, which take minutes under ThreadSanitizer");
    s4l::test::check_claims("kernels", m_config->getTestsOrTags().empty(), stats.totals.testCases.failed != 0);
  }
};
CATCH_REGISTER_LISTENER(Registry)

}  // namespace
