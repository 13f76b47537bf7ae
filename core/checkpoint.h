#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "s4l/core/io/safetensors.h"

namespace s4l {

/// Files that hold everything a run needs to go on: `folder`/step-<n>.s4l, and the link last.s4l to the newest.
class CheckpointFolder {
 public:
  explicit CheckpointFolder(std::string folder, int keep = 2);

  /// Saves as step-<step>.s4l (atomic), lets the link follow, then removes the oldest beyond `keep` (2 or
  /// more) and those of a later step, which the run has left behind. On failure throws Error(io); what was
  /// there is intact.
  void save(std::int64_t step, const io::TensorFile& state);
  /// The newest that is whole. A damaged one is passed over, with what was wrong added to `warnings`; no
  /// whole one is an error.
  io::TensorFile load_newest(std::vector<std::string>& warnings) const;
  /// Paths of the checkpoints, newest first.
  std::vector<std::string> paths() const;

 private:
  std::string folder_;
  int keep_;
};

/// Fills the tensors named in `into` from `file` in place; a missing name, another shape or type is an error
/// that names it, and nothing is filled.
void restore(const io::TensorFile& file, const std::vector<std::pair<std::string, Tensor>>& into);

}  // namespace s4l
