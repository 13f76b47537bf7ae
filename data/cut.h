#pragma once
#include "s4l/data/image.h"

namespace s4l::data {

/// The pixels of `image` inside `box`; a box that reaches beyond it is Error(usage).
Image cut(const Image& image, Box box);
ExactImage cut(const ExactImage& image, Box box);

}  // namespace s4l::data
