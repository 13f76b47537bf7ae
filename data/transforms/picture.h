#pragma once
#include <functional>
#include <memory>
#include <variant>

#include "s4l/data/image.h"

namespace s4l::data {

/// A picture on its way through a pipeline. Its size is known from the start; its pixels are decoded when they are
/// first needed, and only those that crops have left.
class Picture {
 public:
  using Pixels = std::variant<Image, ExactImage>;
  /// The pixels inside a box of the whole picture.
  using Decode = std::function<Pixels(Box)>;

  Picture(Size size, Decode decode) : decode_(std::move(decode)), box_{0, 0, size.height, size.width} {}
  explicit Picture(Pixels pixels) { set(std::move(pixels)); }

  Size size() const { return {box_.height, box_.width}; }
  /// Leaves the part of the picture that lies inside `box`.
  void crop(Box box);
  /// What is computed from here on is not rounded to levels: pixels() is an ExactImage.
  void make_exact();
  /// Replaces the pixels by op(pixels); decodes what crops have left, unless that is done.
  template <class Op>
  void change(const Op& op) {
    set(std::visit([&](const auto& image) { return Pixels(op(image)); }, pixels()));
  }
  const Pixels& pixels();
  void set(Pixels pixels);
  /// Decodes once, so that copies of the picture share the pixels and crops of them only copy.
  void share();
  /// The pixels, which the picture gives up.
  Pixels take();

 private:
  Decode decode_;  // empty once pixels_ holds them
  Box box_;        // of what decode_ reads
  Pixels pixels_;
  bool exact_ = false;
};

/// The nearest levels.
Image rounded(const ExactImage& image);
inline const Image& rounded(const Image& image) { return image; }

}  // namespace s4l::data
