#include "s4l/core/ops/confident_labels.h"

#include <algorithm>

namespace s4l::cpu {

void confident_labels(const Tensor& q, const Tensor& thresholds, const Tensor& labels) {
  const std::int64_t k = q.shape()[1];
  with_float(q.dtype(), [&]<class T>() {
    const T* threshold = thresholds.data<T>();
    for (std::int64_t i = 0; i < q.shape()[0]; ++i) {
      const T* row = q.data<T>() + i * k;
      const auto c = std::max_element(row, row + k) - row;
      labels.data<std::int32_t>()[i] = row[c] >= threshold[c] ? static_cast<std::int32_t>(c) : -1;
    }
  });
}

void is_labelled(const Tensor& labels, const Tensor& y) {
  for (std::int64_t i = 0; i < labels.numel(); ++i)
    y.data<float>()[i] = labels.data<std::int32_t>()[i] >= 0 ? 1.0f : 0.0f;
}

}  // namespace s4l::cpu
