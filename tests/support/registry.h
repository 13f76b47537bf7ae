#pragma once
#include <string>
#include <vector>

namespace s4l::test {

/// Where the kernels that this process has compared differ from what tests/golden/kernel_types.txt says of `program`, a
/// line each: a claim on a device of this machine that nobody checked, and a comparison that nobody claims.
std::vector<std::string> differences_from_claims(const std::string& program);

/// Ends the test program with a failure, after a whole run without one, if there are such differences. For a listener's
/// testRunEnded().
void check_claims(const std::string& program, bool whole_run, bool failed);

}  // namespace s4l::test
