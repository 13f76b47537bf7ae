// The main program of every test binary. test_ops ends with the registry's count: each declared kernel must have
// run and been compared, on each device and type it claims.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#include <cstdlib>
#include <hwy/targets.h>

#include "s4l/core/device/runtime.h"

int main(int argc, char** argv) {
  ::setenv("S4L_CACHE_DIR", "", 1);  // the user's own is no matter of tests
  s4l::set_poison(true);  // a read before a write gives NaN in every test
  Catch::Session session;
  bool avx2 = false;
  session.cli(session.cli() | Catch::clara::Opt(avx2)["--avx2"]("run the kernels' AVX2 code on any processor"));
  if (const int error = session.applyCommandLine(argc, argv)) return error;
  if (avx2) hwy::DisableTargets(HWY_AVX3_DL | HWY_AVX3);
  return session.run();
}
