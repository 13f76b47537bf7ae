// How every test of this tree compares numbers.
#include "s4l/tests/support/near.h"

#include <catch2/catch.hpp>
#include <limits>

using s4l::test::is_near;

TEST_CASE("numbers are near within either tolerance") {
  CHECK(is_near(101, 100, 0.01, 0));
  CHECK(is_near(0.5, 0, 0, 0.5));
  CHECK(is_near(-2, -2, 0, 0));
  CHECK_FALSE(is_near(102, 100, 0.01, 0.5));
  CHECK_FALSE(is_near(-100, 100, 0.5, 0));
}

TEST_CASE("what is not finite is near itself alone") {
  const double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  for (const double alone : {infinity, -infinity, nan})
    for (const double other : {0.0, 1e300, -1e300, infinity, -infinity, nan}) {
      const bool same = other == alone || (other != other && alone != alone);
      INFO(other << " for " << alone);
      CHECK(is_near(other, alone, 1e-5, 1e-6) == same);
      CHECK(is_near(alone, other, 1e-5, 1e-6) == same);
    }
}
