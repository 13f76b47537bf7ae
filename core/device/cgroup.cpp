#include "s4l/core/device/cgroup.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <limits>

namespace s4l {
namespace {

constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();
constexpr int kAllCores = std::numeric_limits<int>::max();

/// Calls visit(folder, version) for the process's group of `controller` in either version and for those above it. A
/// container's file names a group that its file system may show as the root: folders that are not there have no limits.
void each_group(const std::string& root, const std::string& controller,
                const std::function<void(const std::string& folder, int version)>& visit) {
  const std::string mounted = root + "/sys/fs/cgroup";
  const auto climb = [&](const std::string& top, std::string group, int version) {
    for (; !group.empty(); group.resize(group.rfind('/'))) visit(top + group, version);
    visit(top, version);
  };
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {  // number:controllers:/group
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos || line.compare(second + 1, 1, "/") != 0) continue;
    const std::string group = line.substr(second + 1), controllers = line.substr(first, second - first) + ",";
    if (controllers == ":,") {
      climb(mounted, group, 2);
      climb(mounted + "/unified", group, 2);
    } else if (("," + controllers.substr(1)).find("," + controller + ",") != std::string::npos) {
      climb(mounted + "/" + controller, group, 1);
    }
  }
}

/// The number behind `name` in a file of names and numbers, 0 if there is none.
std::size_t value_in(const std::string& path, const std::string& name) {
  std::ifstream file(path);
  std::size_t value = 0;
  for (std::string word; file >> word >> value;)
    if (word == name) return value;
  return 0;
}

std::size_t memory_left(const std::string& folder, int version) {
  std::ifstream limit_file(folder + (version == 2 ? "/memory.max" : "/memory.limit_in_bytes"));
  std::ifstream used_file(folder + (version == 2 ? "/memory.current" : "/memory.usage_in_bytes"));
  std::size_t limit = 0, used = 0;
  if (!(limit_file >> limit) || !(used_file >> used)) return kNoLimit;  // "max" is no number
  const std::string stat = folder + "/memory.stat", whole = version == 2 ? "" : "total_";
  const std::size_t cached = value_in(stat, whole + "inactive_file") + value_in(stat, whole + "active_file");
  return limit - std::min(limit, used - std::min(used, cached));
}

int quota_of(const std::string& folder, int version) {
  double quota = 0, period = 0;
  if (version == 2)
    std::ifstream(folder + "/cpu.max") >> quota >> period;
  else if (std::ifstream(folder + "/cpu.cfs_quota_us") >> quota)
    std::ifstream(folder + "/cpu.cfs_period_us") >> period;
  if (quota <= 0 || period <= 0) return kAllCores;  // "max", or -1
  return std::max(1, static_cast<int>(std::min(std::ceil(quota / period), static_cast<double>(kAllCores))));
}

}  // namespace

std::size_t cgroup_memory(const std::string& root) {
  std::size_t least = kNoLimit;
  each_group(root, "memory",
             [&](const std::string& folder, int version) { least = std::min(least, memory_left(folder, version)); });
  return least;
}

int cgroup_cores(const std::string& root) {
  int least = kAllCores;
  each_group(root, "cpu",
             [&](const std::string& folder, int version) { least = std::min(least, quota_of(folder, version)); });
  return least;
}

}  // namespace s4l
