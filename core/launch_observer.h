#pragma once
#include <atomic>

namespace s4l {

/// Called before every launch of a hand-written CUDA kernel, with its name as the code has it: tests count what a step
/// launches. Null by default.
using LaunchObserver = void (*)(const char* kernel);
inline std::atomic<LaunchObserver> launch_observer{nullptr};

inline void note_launch(const char* kernel) {
  if (const LaunchObserver observer = launch_observer.load(std::memory_order_relaxed)) observer(kernel);
}

}  // namespace s4l
