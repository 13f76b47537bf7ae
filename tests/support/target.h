#pragma once
#include <cstdint>

namespace s4l::test {

/// Which of Highway's targets the kernels dispatch to.
std::int64_t running_target();

}  // namespace s4l::test
