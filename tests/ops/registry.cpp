// Counts at run time: when all test cases have run, every kernel must have been compared on each device and type that
// tests/golden/kernel_types.txt claims for it.
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#include "s4l/tests/support/registry.h"

#include <catch2/catch.hpp>

namespace {

struct Registry : Catch::TestEventListenerBase {
  using TestEventListenerBase::TestEventListenerBase;
  void testRunEnded(const Catch::TestRunStats& stats) override {
    s4l::test::check_claims("ops", m_config->getTestsOrTags().empty(), stats.totals.testCases.failed != 0);
  }
};
CATCH_REGISTER_LISTENER(Registry)

}  // namespace
