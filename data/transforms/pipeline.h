#pragma once
#include <string>
#include <vector>

#include "s4l/core/ops/rotation_batch.h"
#include "s4l/core/rng.h"
#include "s4l/data/transforms/operation_table.h"
#include "s4l/data/transforms/picture.h"

namespace s4l::data {

/// One view of a picture as it leaves the host, and what was drawn for the device's part.
struct View {
  Image image;
  bool flip = false;
  HsvNoise noise{};
  float scale = 0, offset = 0;  ///< of the values, where the pipeline standardizes
  std::vector<float> exact{};   ///< network input (rotations, H, W, 3), where the pipeline is exact
};

/// A preprocessing pipeline "inception_crop|resize(224)|flip_lr|-1_to_1|rotate" (docs/preprocessing.md), parsed once.
/// Its tail (flip_lr, hsvnoise, value range, rotate) is one kernel on the device; what stands before runs on the host.
class Pipeline {
 public:
  /// An error points at the operation that is unknown, has wrong arguments or stands at the wrong place.
  explicit Pipeline(const std::string& text);

  /// The host's part: host_views() views of the picture, whose pixels are decoded as far as they are needed. Random
  /// numbers are taken from `rng` in the order of the operations, within each in the order of the views.
  std::vector<View> run(Picture picture, Rng& rng, bool train) const;
  std::vector<View> run(const Image& image, Rng& rng, bool train) const { return run(Picture(image), rng, train); }
  int host_views() const { return host_views_; }

  /// The device's part, and which draws of a View it reads.
  const RotationBatchOptions& tail() const { return tail_; }
  bool draws_noise() const { return draws_noise_; }
  bool standardizes() const { return standardizes_; }
  /// Everything is computed on the host, in floats that are not rounded in between: for comparison.
  bool exact() const { return exact_; }

  /// Rows of network input per picture: those of its first host view, then those of its second.
  int views() const { return host_views_ * tail_.rotations; }
  const std::string& text() const { return text_; }

 private:
  template <class Level>
  void set_range(View& view, const BasicImage<Level>& image) const;
  void compute_exactly(View& view, const ExactImage& image) const;

  std::string text_;
  std::vector<HostOp> host_;
  int host_views_ = 1;
  bool flips_ = false, draws_noise_ = false, standardizes_ = false, exact_ = false;
  double low_ = -1, high_ = 1;  // what 0 and 255 become
  RotationBatchOptions tail_;
};

/// The pipeline with further operations: at its end, but before a value range, which works with all of them.
std::string with_operations(const std::string& pipeline, const std::string& operations);

}  // namespace s4l::data
