#pragma once
#include <cstdint>
#include <vector>

#include "s4l/core/rng.h"
#include "s4l/data/image.h"
#include "s4l/data/things/shapes.h"

namespace s4l::data::things {

/// What makes a picture hard. The defaults are `things` v1 and frozen: results are compared on them.
struct Difficulty {
  double contrast = -0.1;  ///< darkest channel of a thing less the brightest of a background
  int clutter = 2;         ///< shapes behind the thing
  int occlusion = 1;       ///< shapes before it
  double scale = 0.6;      ///< smallest thing, as a share of the picture; the largest is 0.9
  double noise = 0.06;     ///< standard deviation, of channels in [0, 1]
};

/// `size` x `size` pixels with thing number `thing`, a pure function of the arguments; the scene is the same at every
/// size. Uses only operations that IEEE 754 rounds alike everywhere, so the bytes are the same on every machine.
Image draw(int thing, int size, const Difficulty& difficulty, Rng rng);

}  // namespace s4l::data::things
