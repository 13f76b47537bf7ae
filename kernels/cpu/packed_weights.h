#pragma once
#include <cstdint>
#include <functional>
#include <memory>

#include "s4l/core/device/storage.h"
#include "s4l/core/tensor.h"

namespace s4l::cpu {

/// The arrangements of a weight tensor that a kernel may read.
enum class Packing { forward, backward_data, winograd, winograd_rotated };

/// A copy of `w` of `floats` numbers as `pack(to)` arranges it, made once per version of w: VAT and the passes
/// of one step share it. The arrangement may depend on `stride` and on gemm_panel_width(). Thread-safe; a copy goes
/// when its original is updated or gone, so there are no more of them than live weights.
std::shared_ptr<const Storage> packed_weights(const Tensor& w, Packing packing, std::int64_t stride,
                                              std::int64_t floats, const std::function<void(float*)>& pack);

/// Packs one panel that gemm() reads: `depth` rows of `columns` numbers, (k, n) read as source(k, n), then zeros up to
/// `width`.
template <class Source>
void pack_panel(std::int64_t depth, std::int64_t columns, std::int64_t width, float* to, const Source& source) {
  for (std::int64_t k = 0; k < depth; ++k)
    for (std::int64_t n = 0; n < width; ++n) *to++ = n < columns ? source(k, n) : 0.0f;
}

}  // namespace s4l::cpu
