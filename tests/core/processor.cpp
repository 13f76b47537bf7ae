#include "s4l/core/device/processor.h"

#include <catch2/catch.hpp>

#include "s4l/core/error.h"

using namespace s4l;

TEST_CASE("a processor without AVX2 or FMA is refused in one line that names what is missing") {
  REQUIRE_THROWS_WITH(check_processor({.avx2 = false, .fma = true}), Catch::EndsWith("without AVX2"));
  REQUIRE_THROWS_WITH(check_processor({.avx2 = true, .fma = false}), Catch::EndsWith("without FMA"));
  REQUIRE_THROWS_AS(check_processor({.avx2 = false, .fma = false}), Error);
  REQUIRE_NOTHROW(check_processor({.avx2 = true, .fma = true}));
}
