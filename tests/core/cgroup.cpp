#include "s4l/core/device/cgroup.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <limits>

#include "new_folder.h"

using namespace s4l;
using namespace s4l::test;

namespace {

constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();
constexpr int kAllCores = std::numeric_limits<int>::max();

/// A file system's root with /proc/self/cgroup and what else is put into it.
struct Root {
  NewFolder folder;

  explicit Root(const std::string& groups) { put("proc/self/cgroup", groups); }
  void put(const std::string& path, const std::string& text) const {
    const std::filesystem::path file(folder / path);
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  std::size_t memory() const { return cgroup_memory(folder.path()); }
  int cores() const { return cgroup_cores(folder.path()); }
};

}  // namespace

TEST_CASE("a machine without control groups, or groups without limits, set none") {
  const Root none(""), unlimited("0::/a\n");
  unlimited.put("sys/fs/cgroup/a/memory.max", "max\n");
  unlimited.put("sys/fs/cgroup/a/memory.current", "1000\n");
  unlimited.put("sys/fs/cgroup/a/cpu.max", "max 100000\n");
  const Root old("5:cpu,cpuacct:/\n");
  old.put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  old.put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  for (const Root* root : {&none, &unlimited, &old}) {
    CHECK(root->memory() == kNoLimit);
    CHECK(root->cores() == kAllCores);
  }
}

TEST_CASE("the least limit of the process's group and those above it counts") {
  const Root root("0::/a/b/c\n");
  root.put("sys/fs/cgroup/a/memory.max", "5000\n");
  root.put("sys/fs/cgroup/a/memory.current", "4000\n");
  root.put("sys/fs/cgroup/a/b/memory.max", "3000\n");
  root.put("sys/fs/cgroup/a/b/memory.current", "500\n");
  root.put("sys/fs/cgroup/a/b/c/memory.max", "max\n");
  root.put("sys/fs/cgroup/a/b/c/memory.current", "100\n");
  root.put("sys/fs/cgroup/other/memory.max", "1\n");
  root.put("sys/fs/cgroup/other/memory.current", "1\n");
  CHECK(root.memory() == 1000);
  root.put("sys/fs/cgroup/a/cpu.max", "800000 100000\n");
  root.put("sys/fs/cgroup/a/b/c/cpu.max", "150000 100000\n");
  CHECK(root.cores() == 2);
  root.put("sys/fs/cgroup/cpu.max", "20000 100000\n");
  CHECK(root.cores() == 1);
}

TEST_CASE("a container's group that its file system shows as the root is found there") {
  const Root root("0::/docker/0123\n");
  root.put("sys/fs/cgroup/memory.max", "3000\n");
  root.put("sys/fs/cgroup/memory.current", "1000\n");
  root.put("sys/fs/cgroup/cpu.max", "300000 100000\n");
  CHECK(root.memory() == 2000);
  CHECK(root.cores() == 3);
}

TEST_CASE("controllers of version 1 count, alone and beside version 2") {
  const Root root("9:cpuset:/elsewhere\n4:memory:/a\n3:cpu,cpuacct:/b/c\n0::/d\n");
  root.put("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9000\n");
  root.put("sys/fs/cgroup/memory/a/memory.usage_in_bytes", "2000\n");
  root.put("sys/fs/cgroup/cpu/b/cpu.cfs_quota_us", "250000\n");
  root.put("sys/fs/cgroup/cpu/b/cpu.cfs_period_us", "100000\n");
  CHECK(root.memory() == 7000);
  CHECK(root.cores() == 3);
  root.put("sys/fs/cgroup/unified/d/memory.max", "6000\n");
  root.put("sys/fs/cgroup/unified/d/memory.current", "0\n");
  CHECK(root.memory() == 6000);
}

TEST_CASE("files that the system only keeps in memory do not count as used") {
  const Root root("0::/\n"), old("4:memory:/\n");
  root.put("sys/fs/cgroup/memory.max", "9000\n");
  root.put("sys/fs/cgroup/memory.current", "8000\n");
  root.put("sys/fs/cgroup/memory.stat", "anon 1000\ninactive_file 4000\nactive_file 2000\n");
  CHECK(root.memory() == 7000);
  old.put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9000\n");
  old.put("sys/fs/cgroup/memory/memory.usage_in_bytes", "8000\n");
  old.put("sys/fs/cgroup/memory/memory.stat", "inactive_file 1\ntotal_inactive_file 4000\ntotal_active_file 2000\n");
  CHECK(old.memory() == 7000);
}
