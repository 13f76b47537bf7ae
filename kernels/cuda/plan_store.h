#pragma once
#include <map>
#include <optional>
#include <string>

namespace s4l::cuda {

/// Which plan was chosen for which problem, kept in a file: a choice by timing may come out differently tomorrow, so it
/// is made once. One file per library version and kind of device; problems and ids are texts.
class PlanStore {
 public:
  /// Reads `path` if it is there. An empty path keeps nothing beyond the process.
  explicit PlanStore(std::string path);

  std::optional<std::string> find(const std::string& problem) const;
  /// Notes a choice and saves the file; what another process has saved meanwhile stays. A file that cannot be written
  /// costs the next process its time, and is no error.
  void put(const std::string& problem, const std::string& id);

 private:
  void read();
  std::string path_;
  std::map<std::string, std::string> ids_;
};

/// The store of `library` ("cudnn-9.19.0") on a device of this name, in the folder of what can be made again.
std::string plan_store_path(const std::string& library, const std::string& device);

}  // namespace s4l::cuda
