#pragma once
#include <array>

#include "s4l/core/rng.h"
#include "s4l/data/image.h"

namespace s4l::data {

/// One of RandAugment's operations at a `level` from 1 to 10 (Cubuk et al. 2020, with the ranges of FixMatch's
/// program); `negative` turns, shears and shifts the other way. What comes from outside the picture is grey.
struct RandAugmentOperation {
  const char* name;
  Image (*apply)(const Image& image, int level, bool negative);
};
extern const std::array<RandAugmentOperation, 14> kRandAugmentOperations;

/// Draws `count` of the operations with replacement; each is applied with probability 1/2, at a level that is uniform
/// on 1 ... magnitude - 1. `magnitude` is at most 11.
Image randaugment(const Image& image, int count, int magnitude, Rng& rng);

}  // namespace s4l::data
