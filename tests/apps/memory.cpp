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
  // The C library would reserve 64 MiB of addresses for any of these threads, by chance more than there are.
  const std::map<std::string, std::string> environment{{"S4L_NUM_THREADS", "1024"}, {"MALLOC_ARENA_MAX", "1"}};
  const Outcome outcome = run_s4l(many.path(), tiny_run("rotation", 2), {environment, {}, {}, 3000 * kMiB});
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  const std::string weights = "runs/rotation-20labels-s0/weights/last.safetensors";
  CHECK(content(many / weights) == content(one / weights));
  CHECK_FALSE(content(many / weights).empty());
  CHECK(expected.code == 0);
}

TEST_CASE("a batch beyond all memory is refused with its size, before anything is taken") {
  const NewFolder folder;
  for (const char* batch : {"4294967296", "9000000000000000000"}) {
    const Outcome outcome = run_s4l(folder.path(), {"run", "rotation", "--batch-size", batch});
    INFO(outcome.err);
    CHECK(outcome.code == 2);
    CHECK(lines_in(outcome.err) == 1);
    CHECK(contains(outcome.err, "--batch-size: expected batches that fit into the "));
    CHECK(contains(outcome.err, " MiB of pictures alone"));
  }
}

TEST_CASE("memory that ends where no batch can be tried is one line that says what tensors hold") {
  if (skipped()) return;
  const NewFolder folder;
  const Outcome outcome = run_s4l(folder.path(), {"run", "rotation", "--steps", "1", "--batch-size", "100000"},
                                  {{{"S4L_NUM_THREADS", "1"}}, {}, {}, 250 * kMiB});
  INFO(outcome.err);
  CHECK(outcome.code == 1);
  CHECK(lines_in(outcome.err) == 1);
  CHECK(contains(outcome.err, "; a smaller --batch-size"));
}
