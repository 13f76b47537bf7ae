#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "s4l/core/tensor.h"

namespace s4l::methods {

/// Throws Error(numeric) that names the step and the first tensor with a number that is not finite: such a state or
/// such weights must not be saved. Integers are passed over.
void check_finite(const std::vector<std::pair<std::string, Tensor>>& tensors, std::int64_t step);

}  // namespace s4l::methods
