#pragma once
#include <cstdint>

#include "s4l/core/ops/softmax_entropy.h"

namespace s4l::cpu {

constexpr std::int64_t kNarrow = 32;  // classes at most

/// Logits z (rows, classes) with hard labels or none (null), and what softmax_entropy makes of them; gz may be null.
template <class T>
struct NarrowRows {
  const T* z;
  const std::int32_t* labels;
  T *gz, *cross_entropy, *entropy, *hit;
  std::int64_t rows, classes;
};

/// softmax_entropy of up to kNarrow classes: a row to a lane, where a row would not fill a vector.
template <class T>
void narrow_softmax_entropy(const NarrowRows<T>& r, const SoftmaxEntropyOptions& options);

}  // namespace s4l::cpu
