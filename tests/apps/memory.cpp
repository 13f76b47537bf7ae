// The program where memory ends.
#include <catch2/catch.hpp>

#include "../core/new_folder.h"
#include "program.h"

using namespace s4l::test;

namespace {

constexpr std::size_t kMiB = 1 << 20;

bool skipped() {
  if (!address_space_can_be_limited()) WARN("SKIPPED: a sanitizer maps memory of its own");
  return !address_space_can_be_limited();
}

}  // namespace

TEST_CASE("a run asked for more threads than the system gives takes those it gets, and learns the same") {
  if (skipped()) return;
  const NewFolder one, many;
  const Outcome expected = run_s4l(one.path(), tiny_run("rotation", 2), {{{"S4L_NUM_THREADS", "1"}}, {}, {}});
  const Outcome outcome =
      run_s4l(many.path(), tiny_run("rotation", 2), {{{"S4L_NUM_THREADS", "1024"}}, {}, {}, 1500 * kMiB});
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  const std::string weights = "runs/rotation-20labels-s0/weights/last.safetensors";
  CHECK(content(many / weights) == content(one / weights));
  CHECK_FALSE(content(many / weights).empty());
  CHECK(expected.code == 0);
}
