#pragma once
#include "s4l/core/rng.h"
#include "s4l/nn/module.h"

namespace s4l::nn {

/// A kernel (outputs, ..., inputs) drawn from U(-a, a), a = sqrt(6 / (fan_in + fan_out)) (Glorot); f32, wants a
/// gradient.
Parameter glorot_kernel(Shape shape, Rng& rng);
/// Every element `value`; f32, wants a gradient.
Parameter constant(Shape shape, double value, bool decay);

/// The streams of a network's initial weights, one per kernel in the order they are made: a kernel added at the end
/// leaves those before it as they were.
class InitStreams {
 public:
  explicit InitStreams(std::uint64_t seed) : seed_(seed) {}
  Rng& next() { return current_ = Rng(seed_, Purpose::init, made_++); }

 private:
  std::uint64_t seed_;
  std::uint64_t made_ = 0;
  Rng current_{0, Purpose::init};
};

}  // namespace s4l::nn
