#pragma once
#include "s4l/kernels/cuda/conv2d_plan.h"

namespace s4l::emulated {

/// The convolution as its definition reads, summed in f64 for f64 and in f32 for all other types, and what is fused
/// with it, summed in f64. The operands are readable by the host.
void naive_conv2d(const cuda::Conv2dProblem& problem, const cuda::Conv2dOperands& operands);

}  // namespace s4l::emulated
