#include "s4l/core/ops/curriculum.h"

#include <catch2/catch.hpp>

#include "s4l/tests/support/near.h"
#include "s4l/tests/support/op_case.h"

using namespace s4l;
using namespace s4l::test;

namespace {

Tensor counts_of(std::vector<std::int64_t> values) {
  return from_values(values, {static_cast<std::int64_t>(values.size())});
}

}  // namespace

TEST_CASE("curriculum thresholds follow the classes' counts, and the pictures never seen while those are more") {
  KernelsUnderTest kernels;
  // sigma = 3, 6, 0: beta = 1/2, 1, 0 and M(1/2) = 1/3.
  check_near(curriculum_thresholds(counts_of({3, 6, 0}), 9, 0.9, true), {0.3, 0.9, 0}, 1e-6, 0);
  // 12 of 21 pictures never seen: beta = 3/12, 6/12, 0 and M = 1/7, 1/3.
  check_near(curriculum_thresholds(counts_of({3, 6, 0}), 21, 0.9, true), {0.9 / 7, 0.3, 0}, 1e-6, 0);
  check_near(curriculum_thresholds(counts_of({3, 6, 0}), 21, 0.9, false), {0.3, 0.9, 0}, 1e-6, 0);
  check_near(curriculum_thresholds(counts_of({0, 0}), 5, 0.9, false), {0, 0}, 0, 0);
  kernels.mark_compared();
}

TEST_CASE("a picture counts as its last confident class") {
  KernelsUnderTest kernels;
  const Tensor seen = from_values(std::vector<std::int32_t>{-1, -1, -1, -1}, {4}), counts = counts_of({0, 0});
  const auto note = [&](std::vector<float> q, std::vector<std::int64_t> index) {
    const auto n = static_cast<std::int64_t>(index.size());
    note_confident_(seen, counts, from_values(q, {n, 2}), from_values(index, {n}), 0.75);
  };
  note({0.9f, 0.1f, 0.2f, 0.8f, 0.75f, 0.25f}, {3, 1, 0});  // exactly tau does not count
  CHECK(values_of<std::int32_t>(seen) == std::vector<std::int32_t>{-1, 1, -1, 0});
  CHECK(values_of<std::int64_t>(counts) == std::vector<std::int64_t>{1, 1});
  note({0.1f, 0.9f, 0.5f, 0.5f}, {3, 1});  // unsure now: what was seen last stays
  CHECK(values_of<std::int32_t>(seen) == std::vector<std::int32_t>{-1, 1, -1, 1});
  CHECK(values_of<std::int64_t>(counts) == std::vector<std::int64_t>{0, 2});
  note({0.9f, 0.1f, 0.1f, 0.9f}, {2, 2});  // twice in a batch: the later row counts
  CHECK(values_of<std::int64_t>(counts) == std::vector<std::int64_t>{0, 3});
  kernels.mark_compared();
}

TEST_CASE("curriculum names what does not fit") {
  const Tensor seen = from_values(std::vector<std::int32_t>{-1}, {1});
  CHECK_THROWS_WITH(curriculum_thresholds(zeros({3}), 1, 0.9, true), Catch::Contains("i64"));
  CHECK_THROWS_WITH(note_confident_(seen, counts_of({0, 0}), zeros({1, 2}), zeros({1}), 0.9), Catch::Contains("index"));
}
