#pragma once
#include <string>

namespace s4l::apps {

/// Holds a run's folder for this process, by a locked file that names its pid; the lock of a process that died is free.
class FolderLock {
 public:
  /// Throws Error(io) that names the process that has it.
  explicit FolderLock(const std::string& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  std::string path_;
  int descriptor_ = -1;
};

}  // namespace s4l::apps
