#pragma once
#include <functional>
#include <string>
#include <vector>

#include "buffer.h"
#include "s4l/kernels/cuda/portable.h"

/// A kernel with one bug, or a correct one that looks like it, and what must find it.
struct Bug {
  std::string name;
  std::string found_by;                     ///< natural, executor, schedules, address, thread or nothing
  std::function<std::vector<float>()> run;  ///< the kernel's output
  std::vector<float> right;                 ///< what it should be
};

std::vector<Bug> block_bugs();
std::vector<Bug> warp_bugs();
std::vector<Bug> memory_bugs();
std::vector<Bug> race_bugs();

inline std::vector<float> counted(int n, float first = 0) {
  std::vector<float> values(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) values[static_cast<std::size_t>(i)] = first + static_cast<float>(i);
  return values;
}
