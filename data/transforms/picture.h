#pragma once
#include <functional>
#include <memory>

#include "s4l/data/image.h"

namespace s4l::data {

/// A picture on its way through a pipeline. Its size is known from the start; its pixels are decoded when they are
/// first needed, and only those that crops have left.
class Picture {
 public:
  /// The pixels inside a box of the whole picture.
  using Decode = std::function<Image(Box)>;

  Picture(Size size, Decode decode) : decode_(std::move(decode)), box_{0, 0, size.height, size.width} {}
  explicit Picture(Image image) { set(std::move(image)); }

  Size size() const { return {box_.height, box_.width}; }
  /// Leaves the part of the picture that lies inside `box`.
  void crop(Box box);
  /// Decodes what crops have left, unless that is done.
  const Image& pixels();
  void set(Image image);
  /// Decodes once, so that copies of the picture share the pixels and crops of them only copy.
  void share();
  /// The pixels, which the picture gives up.
  Image take();

 private:
  Decode decode_;  // empty once image_ holds the pixels
  Box box_;        // of what decode_ reads
  Image image_;
};

}  // namespace s4l::data
