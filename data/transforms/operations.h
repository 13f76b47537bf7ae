// The host's operations on upright u8 pictures; the table of operation_table.cpp names them. What the original program
// computes in f32 is rounded to the nearest level.
#pragma once
#include <array>

#include "s4l/core/ops/hsv_noise.h"
#include "s4l/core/rng.h"
#include "s4l/data/image.h"

namespace s4l::data {

// Boxes: drawn from the picture's size alone, so that a JPEG decoder need not decode the rest.

/// The random crop of Inception's training: 10 to 100 % of the area, 3:4 to 4:3 (spec 5.4).
Box draw_inception_crop(Size picture, Rng& rng);
/// A box of size `crop` anywhere in the picture; a smaller picture is Error(data).
Box draw_crop(Size picture, Size crop, Rng& rng);
/// The box in the middle, its offset rounded down; a smaller picture is Error(data).
Box central_crop(Size picture, Size crop);
/// In the middle, top left, top right, bottom left, bottom right; a smaller picture is Error(data).
std::array<Box, 5> five_crops(Size picture, Size crop);

/// Bilinear with the legacy sampling of the original program: no half-pixel shift, no antialiasing (spec 5.5).
Image resize(const Image& image, Size size);
enum class Filter { bilinear, nearest, bicubic };
/// First pixel on first and last on last (TensorFlow's align_corners).
Image resize_aligned(const Image& image, Size size, Filter filter);
/// The shorter side becomes `side`, the other keeps the ratio, rounded half to even; area filter (spec 5.6).
Image resize_small(const Image& image, int side);

/// Pads by reflection (the border itself is not repeated), then crops the picture's own size anywhere.
Image pad_crop(const Image& image, int padding, Rng& rng);
/// Greys a square of `fraction` of the shorter side, its middle anywhere in the picture (DeVries and Taylor 2017).
Image cutout(const Image& image, double fraction, Rng& rng);
Image mirror(const Image& image);
/// The picture turned by 0, 90, 180 and 270 degrees counter-clockwise (spec 5.3); one that is not square is
/// Error(data).
std::array<Image, 4> rotations(const Image& image);

/// The draws of spec 5.7.
HsvNoise draw_hsv_noise(Rng& rng);
Image hsv_noise(const Image& image, const HsvNoise& noise);
/// Brightness by up to 32 levels, saturation by a factor from 0.5 to 1.5 (spec 5.8).
Image brightness_saturation(const Image& image, Rng& rng);
/// Every channel becomes the mean of the three.
Image to_gray(const Image& image);

/// Mean and standard deviation over all channels of the picture.
struct Moments {
  double mean, deviation;
};
Moments moments(const Image& image);

}  // namespace s4l::data
