#pragma once
#include <functional>
#include <vector>

#include "s4l/tests/kernels/device_case.h"

namespace s4l::test {

/// With the variable S4L_WRITE_RESULTS=FILE, keeps what `compute` gives under the test's name, for FILE at the
/// program's end; with S4L_COMPARE_RESULTS=FILE compares it with what another device left there, within twice the
/// tolerance of `wanted`. Else does nothing.
void exchange_results(const std::function<std::vector<std::vector<double>>()>& compute,
                      const std::vector<Wanted>& wanted);

}  // namespace s4l::test
