#pragma once
#include <map>
#include <optional>
#include <string>

namespace s4l::cuda {

/// Which plan was chosen for which problem, kept in a file: a choice by timing may come out differently tomorrow, so it
/// is made once. One file per library version and kind of device; problems and ids are texts. What a checkpoint says
/// (core/device/choices.h) goes before what the file says.
class PlanStore {
 public:
  /// Of `library` ("cudnn-9.19.0") on a device of this name. Reads its file in `folder` if it is there; an empty folder
  /// keeps nothing beyond the process.
  PlanStore(const std::string& library, const std::string& device, const std::string& folder);

  std::optional<std::string> find(const std::string& problem) const;
  /// Notes a choice and saves the file; what another process has saved meanwhile stays. A file that cannot be written
  /// costs the next process its time, and is no error.
  void put(const std::string& problem, const std::string& id);
  /// Notes a choice for this process and its checkpoints alone: one that was made where memory was short.
  void note(const std::string& problem, const std::string& id) const;
  /// "cudnn-9.19.0-NVIDIA-H200"
  const std::string& name() const { return name_; }

 private:
  void read();
  std::string in_checkpoints(const std::string& problem) const { return name_ + ": " + problem; }
  std::string name_, path_;
  std::map<std::string, std::string> ids_;
};

}  // namespace s4l::cuda
