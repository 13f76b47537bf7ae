#pragma once
#include <string>
#include <vector>

#include "s4l/methods/training/run_options.h"
#include "s4l/methods/training/saved_model.h"

namespace s4l::methods {

/// A weights file to start from (--pretrained): one that a run wrote, or one of timm's resnetv2, which says nothing of
/// itself.
class Pretrained {
 public:
  /// Throws Error(usage) where `path` is no such file.
  explicit Pretrained(const std::string& path);

  /// Where nothing was said: network, width, size of the pictures, batch norm's epsilon and the pool's padding as the
  /// file has them. Throws Error(usage) if the network cannot be known, or is not one that timm has as well.
  void complete(RunOptions& options) const;
  /// Fills `model` by names, all but a head of another size, for other classes or of a self-supervised method. A tensor
  /// that is missing, too many or of another shape is an Error(usage) that names the first one. Returns a sentence:
  /// what was taken, what starts anew.
  std::string start(nn::Classifier& model, const std::vector<std::string>& class_names) const;
  /// Fills the method's own heads that the file has in their shape. Returns what was taken and what starts anew, to
  /// follow start()'s sentence; nothing where the method has no heads.
  std::string start_heads(Method& method) const;
  /// The model itself, as load_model gives it. Of a file that does not name its network, `network` is it, the classes
  /// are called "0", "1" ... and the preprocessing is timm's: the central 224 of a shorter side of 256, from -1 to 1.
  SavedModel model(const std::string& network = "") const;

 private:
  bool ours() const { return file_.metadata.count("model") != 0; }
  std::string head_mismatch(const NamedTensors& own, const std::vector<std::string>& class_names) const;
  /// Returns how many tensors it filled, of those that `model` exports as `own`.
  std::size_t fill(nn::Classifier& model, const NamedTensors& own, bool with_head) const;
  void check_same_network(const NamedTensors& own, const NamedTensors& wanted) const;

  std::string path_;
  io::TensorFile file_;
};

}  // namespace s4l::methods
