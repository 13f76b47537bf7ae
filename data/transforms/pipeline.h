#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "s4l/core/ops/rotation_batch.h"
#include "s4l/core/rng.h"
#include "s4l/data/image.h"

namespace s4l::data {

/// One step on the loader's threads, on u8 pictures; draws from `rng` only while training.
using HostOp = std::function<Image(const Image&, Rng& rng, bool train)>;

/// A preprocessing pipeline "resize(32)|pad_crop(4)|flip_lr|-1_to_1|rotate" (spec 5.1), parsed once. What stands
/// before flip_lr runs per picture on the host; the tail flip_lr|<value range>|rotate is one kernel on the device.
class Pipeline {
 public:
  /// An error points at the operation that is unknown, has wrong arguments or stands at the wrong place.
  explicit Pipeline(const std::string& text);

  /// The host's part, and whether the device is to mirror the result (drawn with a coin, training only).
  struct Result {
    Image image;
    bool flip = false;
  };
  Result run(const Image& image, Rng& rng, bool train) const;
  /// The device's part.
  const RotationBatchOptions& tail() const { return tail_; }
  /// Rows of network input per picture: 1, or 4 with rotate.
  int views() const { return tail_.rotations; }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::vector<HostOp> host_;
  bool flip_ = false;
  RotationBatchOptions tail_;
};

/// The pipeline `text` with more operations: those for the host follow its own, the others stand at the end.
std::string with_operations(const std::string& text, const std::string& more);

}  // namespace s4l::data
