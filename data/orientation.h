#pragma once
#include <cstdint>
#include <span>

#include "s4l/data/image.h"

namespace s4l::data {

/// The orientation, 1 to 8, that the TIFF block of EXIF data tells. Damaged EXIF says nothing about the pixels: it
/// counts as 1, upright.
int exif_orientation(std::span<const std::uint8_t> tiff);

/// How a stored picture becomes upright: transpose, then mirror the stored rows or columns.
struct Turn {
  bool transposed, mirrored_rows, mirrored_columns;

  /// From an EXIF orientation, 1 to 8.
  explicit Turn(int orientation);
  /// The part of the stored picture that shows `box` of the upright one.
  Box stored(Box box, Size stored_size) const;
  /// The upright picture of a stored RGB one.
  Image upright(Image image) const;
};

}  // namespace s4l::data
