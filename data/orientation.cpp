#include "s4l/data/orientation.h"

#include <algorithm>

namespace s4l::data {
namespace {

/// An integer of 2 or 4 bytes in the byte order of a TIFF block; 0 beyond its end.
struct Tiff {
  std::span<const std::uint8_t> bytes;
  bool little;

  std::uint32_t number(std::size_t at, int size) const {
    if (at > bytes.size() || bytes.size() - at < static_cast<std::size_t>(size)) return 0;
    std::uint32_t value = 0;
    for (int i = 0; i < size; ++i) value = value << 8 | bytes[at + static_cast<std::size_t>(little ? size - 1 - i : i)];
    return value;
  }
};

}  // namespace

int exif_orientation(std::span<const std::uint8_t> block) {
  if (block.size() < 8 || block[0] != block[1] || (block[0] != 'I' && block[0] != 'M')) return 1;
  const Tiff tiff{block, block[0] == 'I'};
  if (tiff.number(2, 2) != 42) return 1;
  const std::size_t directory = tiff.number(4, 4);
  const std::uint32_t entries = tiff.number(directory, 2);
  for (std::uint32_t i = 0; i < entries && directory + 2 + 12 * i < block.size(); ++i) {
    const std::size_t entry = directory + 2 + 12 * i;
    const std::uint32_t value = tiff.number(entry + 8, 2);
    if (tiff.number(entry, 2) == 0x0112 && tiff.number(entry + 2, 2) == 3)
      return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

Turn::Turn(int orientation)
    : transposed(orientation >= 5),
      mirrored_rows(orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7),
      mirrored_columns(orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8) {}

Box Turn::stored(Box box, Size stored_size) const {
  if (transposed) box = {box.left, box.top, box.width, box.height};
  if (mirrored_rows) box.top = stored_size.height - box.top - box.height;
  if (mirrored_columns) box.left = stored_size.width - box.left - box.width;
  return box;
}

Image Turn::upright(Image image) const {
  if (!transposed && !mirrored_rows && !mirrored_columns) return image;
  Image turned(transposed ? image.width : image.height, transposed ? image.height : image.width);
  for (int y = 0; y < turned.height; ++y)
    for (int x = 0; x < turned.width; ++x) {
      const int row = transposed ? x : y, column = transposed ? y : x;
      std::copy_n(
          image.at(mirrored_rows ? image.height - 1 - row : row, mirrored_columns ? image.width - 1 - column : column),
          3, turned.at(y, x));
    }
  return turned;
}

}  // namespace s4l::data
