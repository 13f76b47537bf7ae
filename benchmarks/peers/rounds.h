#pragma once
#include <cstdint>

namespace s4l::bench {

constexpr std::int64_t kTasks = 32;  // of one round

/// Some microseconds of arithmetic.
inline void task(std::int64_t i) {
  volatile double sink;
  double sum = static_cast<double>(i);
  for (int k = 0; k < 2000; ++k) sum = sum * 0.999 + 1e-3;
  sink = sum;
  (void)sink;
}

/// The tasks through OpenMP.
void openmp_round(int threads);

}  // namespace s4l::bench
