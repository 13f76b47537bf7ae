#pragma once
#include <functional>

#include "s4l/core/device/runtime.h"

namespace s4l::cuda {

/// Plans that are tried before one is chosen: heuristics rarely rank the best below.
inline constexpr int kTried = 8;
/// Bytes of workspace that a plan may want if another wants no more.
inline constexpr std::size_t kWorkspaceLimit = std::size_t{256} << 20;

/// The number of the candidate whose work takes least time on `stream`; each is run once before and three times for
/// the clock, and waited for. One that throws is passed over, unless none runs. Never called while work is captured.
int fastest(int candidates, const std::function<void(int)>& run, Stream stream);

/// "NVIDIA H200"
std::string device_name(Device device);

}  // namespace s4l::cuda
