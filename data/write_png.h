#pragma once
#include <span>
#include <string>

#include "s4l/data/image.h"

namespace s4l::data {

/// The picture as the bytes of a PNG file.
std::string png_bytes(const Image& image);
/// Replaces the file `path` by the picture; throws Error(io).
void write_png(const std::string& path, const Image& image);
/// Equally large pictures side by side, `columns` a row, with `gap` white pixels between and around them. Throws
/// if there is none or one differs in size.
Image contact_sheet(std::span<const Image> images, int columns, int gap = 2);

}  // namespace s4l::data
