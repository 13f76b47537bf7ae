#pragma once
#include <vector>

#include "s4l/core/tensor.h"

namespace s4l {

/// The same numbers in another shape; -1 for at most one size that follows from the others. A view.
Tensor reshape(const Tensor& x, Shape shape);
/// Rows [begin, end) of the first dimension. A view.
Tensor rows(const Tensor& x, std::int64_t begin, std::int64_t end);
/// One row over tensors of one type that lie in one memory, from the first's begin to the last's end, with what lies
/// between; empty where they do not. A view without history.
Tensor spanned(const std::vector<Tensor>& parts);
/// Tensors joined along the first dimension, in that order; all other sizes and types are equal. A copy.
Tensor concat(const std::vector<Tensor>& parts);

}  // namespace s4l
