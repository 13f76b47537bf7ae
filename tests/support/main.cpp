// The main program of every test binary. test_ops ends with the registry's count: each declared kernel must have
// run and been compared, on each device and type it claims.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#include <cstdlib>
#include <hwy/targets.h>

#include <cstdio>

#include "s4l/core/device/runtime.h"
#include "s4l/tests/support/target.h"
#ifdef S4L_RACES_ON_EMULATED_DEVICE
#include "s4l/kernels/cuda/launch.cuh"
#endif

namespace {

constexpr int kSkipped = 77;  // tests/CMakeLists.txt

/// Of Highway, whose better targets have lower bits.
std::int64_t target_of(const std::string& name) {
  if (name == "baseline") return HWY_STATIC_TARGET;
  if (name == "avx2") return HWY_AVX2;
  if (name == "avx512") return HWY_AVX3;
  throw std::runtime_error("--target: expected baseline, avx2 or avx512, got " + name);
}

/// Lets every kernel run the code for `name` only; false if this processor cannot.
bool choose_target(const std::string& name) {
  const std::int64_t target = target_of(name);
  if ((hwy::SupportedTargets() & target) == 0) return false;
  hwy::DisableTargets(target - 1);
  if (s4l::test::running_target() == target) return true;
  throw std::runtime_error("--target " + name + ": expected " + hwy::TargetName(target) + ", the kernels run " +
                           hwy::TargetName(s4l::test::running_target()));
}

}  // namespace

int main(int argc, char** argv) {
  ::setenv("S4L_CACHE_DIR", "", 1);  // the user's own is no matter of tests
#ifdef S4L_RACES_ON_EMULATED_DEVICE
  s4l::cuda::launch_limits = {.threads = 64, .blocks = 3};  // ThreadSanitizer makes each a fiber and tells 255 apart
#endif
  Catch::Session session;
  std::string target;
  bool unfilled = false;
  session.cli(session.cli() |
              Catch::clara::Opt(target, "name")["--target"]("run the kernels' baseline, avx2 or avx512 code") |
              Catch::clara::Opt(unfilled)["--unfilled"]("leave fresh memory as it is, for a tool that watches it"));
  if (const int error = session.applyCommandLine(argc, argv)) return error;
  s4l::set_poison(!unfilled);  // a read before a write gives NaN
  if (!target.empty() && !choose_target(target)) {
    std::printf("skipped: the %s kernels, which this processor cannot run\n", target.c_str());
    return kSkipped;
  }
  return session.run();
}
