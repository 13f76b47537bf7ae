#pragma once
#include <filesystem>
#include <set>
#include <string>

namespace s4l::test {

/// A folder of pictures of which some are damaged, each in one of 13 ways, and tables of them.
struct DamagedSet {
  static constexpr int kWays = 13;
  std::set<std::string> damaged;  ///< paths
  std::set<std::string> refused;  ///< those of them whose reading the system refuses, once watch() is called

  /// Writes `total` small pictures of four classes, `count` of them damaged, with all.csv and, without the damaged
  /// ones, good.csv into `folder`.
  DamagedSet(const std::filesystem::path& folder, int total, int count);
  /// Lets the fault hook answer EIO for `refused`; the destructor removes the hook.
  void watch() const;
  ~DamagedSet();
  DamagedSet(const DamagedSet&) = delete;
  DamagedSet& operator=(const DamagedSet&) = delete;
};

}  // namespace s4l::test
