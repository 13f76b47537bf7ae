// The host's operations on upright u8 pictures, one per file; the table of pipeline.cpp names them.
#pragma once
#include "s4l/core/rng.h"
#include "s4l/data/image.h"

namespace s4l::data {

/// Bilinear with the legacy sampling of the original program: no half-pixel shift, no antialiasing (spec 5.5);
/// rounded to the nearest level.
Image resize(const Image& image, Size size);
/// The shorter side becomes `side`, the other keeps the ratio, rounded half to even; area filter (spec 5.6), rounded to
/// the nearest level.
Image resize_small(const Image& image, int side);
/// A box of `size` anywhere in the picture; a smaller picture is Error(data).
Image random_crop(const Image& image, Size size, Rng& rng);
/// The box of `size` in the middle, its offset rounded down; a smaller picture is Error(data).
Image central_crop(const Image& image, Size size);
/// Greys a square of `fraction` of the shorter side, its middle anywhere in the picture (DeVries and Taylor 2017).
Image cutout(const Image& image, double fraction, Rng& rng);
/// Pads by reflection (the border itself is not repeated), then crops the picture's own size anywhere.
Image pad_crop(const Image& image, int padding, Rng& rng);

}  // namespace s4l::data
