// The host's operations on upright pictures; the table of operation_table.cpp names them. What the original program
// computes in f32 is rounded to the nearest level, unless the picture is an ExactImage.
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
ExactImage resize(const ExactImage& image, Size size);
enum class Filter { bilinear, nearest, bicubic };
/// First pixel on first and last on last (TensorFlow's align_corners).
template <class Level>
BasicImage<Level> resize_aligned(const BasicImage<Level>& image, Size size, Filter filter);
/// The shorter side becomes `side`, the other keeps the ratio, rounded half to even; area filter (spec 5.6).
Image resize_small(const Image& image, int side);
ExactImage resize_small(const ExactImage& image, int side);

/// Pads by reflection (the border itself is not repeated), then crops the picture's own size anywhere.
template <class Level>
BasicImage<Level> pad_crop(const BasicImage<Level>& image, int padding, Rng& rng);
/// Greys a square of `fraction` of the shorter side, its middle anywhere in the picture (DeVries and Taylor 2017).
template <class Level>
BasicImage<Level> cutout(const BasicImage<Level>& image, double fraction, Rng& rng);
template <class Level>
BasicImage<Level> mirror(const BasicImage<Level>& image);
/// The picture turned by 0, 90, 180 and 270 degrees counter-clockwise (spec 5.3); one that is not square is
/// Error(data).
template <class Level>
std::array<BasicImage<Level>, 4> rotations(const BasicImage<Level>& image);

/// The draws of spec 5.7.
HsvNoise draw_hsv_noise(Rng& rng);
template <class Level>
BasicImage<Level> hsv_noise(const BasicImage<Level>& image, const HsvNoise& noise);
/// Brightness by up to 32 levels, saturation by a factor from 0.5 to 1.5 (spec 5.8).
template <class Level>
BasicImage<Level> brightness_saturation(const BasicImage<Level>& image, Rng& rng);
/// Every channel becomes the mean of the three.
template <class Level>
BasicImage<Level> to_gray(const BasicImage<Level>& image);

/// Mean and standard deviation over all channels of the picture.
struct Moments {
  double mean, deviation;
};
Moments moments(const Image& image);
Moments moments(const ExactImage& image);

}  // namespace s4l::data
