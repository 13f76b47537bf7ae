#pragma once
#include "s4l/core/tensor.h"

namespace s4l::cuda {

/// What libraries want addresses to be multiples of, in bytes. Only a view of rows can begin elsewhere.
inline constexpr std::size_t kAlignment = 16;

bool is_aligned(const Tensor& x);
/// x itself, or an aligned copy of it; an empty tensor stays one.
Tensor aligned(const Tensor& x);
/// Where a result for x can be written: x itself, or aligned memory of its size. copy_back() follows the work.
Tensor aligned_result(const Tensor& x);
void copy_back(const Tensor& x, const Tensor& written);

}  // namespace s4l::cuda
