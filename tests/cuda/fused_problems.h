#pragma once
#include <vector>

#include "s4l/kernels/cuda/conv2d_plan.h"

namespace s4l::test {

/// A convolution with each of the fusions.
inline std::vector<cuda::Conv2dProblem> with_each_fusion(Shape x, Shape w, Conv2dOptions o, DType dtype = DType::f16) {
  using cuda::Direction, cuda::Fusion;
  const auto windows = [&](std::int64_t size, std::int64_t taps) {
    return (size + 2 * o.padding - o.dilation * (taps - 1) - 1) / o.stride + 1;
  };
  const Shape y{x[0], windows(x[1], w[1]), windows(x[2], w[2]), w[0]};
  return {{Direction::forward, dtype, false, x, w, y, o, Fusion::statistics},
          {Direction::forward, dtype, false, x, w, y, o, Fusion::activation_statistics},
          {Direction::backward_weight, dtype, false, x, w, y, o, Fusion::activation},
          {Direction::backward_data, dtype, false, x, w, y, o, Fusion::relu_norm}};
}

/// What the played cuDNN takes, at its limits: cuDNN has plans for it on an A100 and on an H200.
inline std::vector<cuda::Conv2dProblem> fused_problems() {
  std::vector<cuda::Conv2dProblem> all;
  for (const auto& some :
       {with_each_fusion({1, 1, 1, 8}, {8, 1, 1, 8}, {}), with_each_fusion({3, 7, 5, 16}, {24, 3, 3, 16}, {2, 1}),
        with_each_fusion({2, 20, 20, 8}, {40, 5, 5, 8}, {3, 3, 3})})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

/// What the played cuDNN refuses: cuDNN has no plan for it on an H200.
inline std::vector<cuda::Conv2dProblem> problems_not_fused() {
  std::vector<cuda::Conv2dProblem> all{with_each_fusion({8, 16, 16, 64}, {64, 3, 3, 64}, {4, 1})[3]};
  for (const auto& some : {with_each_fusion({8, 16, 16, 64}, {64, 3, 3, 64}, {1, 1}, DType::bf16),
                           with_each_fusion({8, 16, 16, 64}, {64, 3, 3, 64}, {1, 1}, DType::f32),
                           with_each_fusion({8, 16, 16, 3}, {32, 3, 3, 3}, {1, 1}),
                           with_each_fusion({8, 16, 16, 12}, {32, 3, 3, 12}, {1, 1}),
                           with_each_fusion({8, 16, 16, 32}, {36, 3, 3, 32}, {1, 1}),
                           with_each_fusion({8, 16, 16, 64}, {64, 3, 3, 32}, {1, 1, 1, 2}),
                           with_each_fusion({8, 16, 16, 64}, {64, 6, 6, 64}, {1, 1}),
                           with_each_fusion({8, 80, 80, 64}, {64, 3, 3, 64}, {1, 17}),
                           with_each_fusion({8, 80, 80, 64}, {64, 3, 3, 64}, {1, 1, 16})})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

}  // namespace s4l::test
