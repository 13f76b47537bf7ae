// The main program of every test binary. test_ops ends with the registry's count: each declared kernel must have
// run and been compared, on each device and type it claims.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include "s4l/core/device/runtime.h"

int main(int argc, char** argv) {
  s4l::set_poison(true);  // a read before a write gives NaN in every test
  return Catch::Session().run(argc, argv);
}
