#pragma once
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>

#include "s4l/core/device/storage.h"
#include "s4l/core/tensor.h"

namespace s4l::cpu {

/// The arrangements of a weight tensor that a kernel may read, and what of the convolution decides them.
struct Packing {
  enum class Order { forward, backward_data, winograd, winograd_rotated } order;
  int groups = 1, stride = 1, dilation = 1;
  auto operator<=>(const Packing&) const = default;
};

/// A copy of `w` of `floats` numbers as `pack(to)` arranges it, made once per version of w: VAT and the passes
/// of one step share it. The arrangement may depend on `packing` and on gemm_panel_width(). Thread-safe; the
/// copy of an updated weight goes when that is packed again, those of weights that are gone when any weight is packed.
std::shared_ptr<const Storage> packed_weights(const Tensor& w, const Packing& packing, std::int64_t floats,
                                              const std::function<void(float*)>& pack);

/// A matrix of weights that is to be packed: (k, n) lies at data + k * row + n * column.
struct WeightMatrix {
  const float* data;
  std::int64_t row, column;
};

/// Packs one panel that gemm() reads: `depth` rows of `columns` numbers, then zeros up to `width`.
void pack_panel(const WeightMatrix& from, std::int64_t depth, std::int64_t columns, std::int64_t width, float* to);

}  // namespace s4l::cpu
