#include "s4l/methods/training/statistics.h"

#include <catch2/catch.hpp>
#include <cmath>

using namespace s4l::methods;

TEST_CASE("Student's t agrees with published tables") {
  CHECK(student_t95(1) == Approx(12.7062).epsilon(1e-5));
  CHECK(student_t95(2) == Approx(4.30265).epsilon(1e-5));
  CHECK(student_t95(3) == Approx(3.18245).epsilon(1e-5));
  CHECK(student_t95(4) == Approx(2.77645).epsilon(1e-5));
  CHECK(student_t95(9) == Approx(2.26216).epsilon(1e-5));
  CHECK(student_t95(30) == Approx(2.04227).epsilon(1e-5));
  CHECK(student_t95(1000) == Approx(1.96234).epsilon(1e-5));
  CHECK_THROWS(student_t95(0));
}

TEST_CASE("a mean's interval is t times the standard error, and infinite for one value") {
  const MeanInterval m = mean_interval({1, 2, 3, 4});
  CHECK(m.mean == Approx(2.5));
  CHECK(m.half == Approx(3.18245 * std::sqrt(5.0 / 3 / 4)).epsilon(1e-5));
  CHECK(m.excludes_zero());
  CHECK_FALSE(mean_interval({-1, 2}).excludes_zero());
  CHECK(mean_interval({-3, -3, -3}).excludes_zero());
  CHECK(std::isinf(mean_interval({7}).half));
  CHECK_FALSE(mean_interval({7}).excludes_zero());
}
