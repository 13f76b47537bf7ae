#pragma once
#include <cstddef>
#include <string>

namespace s4l {

/// Bytes that the control groups of this process leave it, versions 1 and 2, every group up to the root; the largest
/// number where none has a limit. Cached files do not count as used. `root` is the file system's, "" for the real one.
std::size_t cgroup_memory(const std::string& root = "");

/// Cores that their quotas pay for, rounded up; the largest number where there is none.
int cgroup_cores(const std::string& root = "");

}  // namespace s4l
