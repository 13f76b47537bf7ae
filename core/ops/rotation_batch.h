#pragma once
#include <array>

#include "s4l/core/kernel.h"

namespace s4l {

/// How a byte becomes a network input: (value / 255 - mean[c]) / deviation[c]. The default is -1_to_1.
struct Normalization {
  std::array<float, 3> mean{0.5f, 0.5f, 0.5f};
  std::array<float, 3> deviation{0.5f, 0.5f, 0.5f};
};

struct RotationBatchOptions {
  Normalization normalization{};
  int rotations = 4;  ///< 4: every picture in its four rotations, adjacent (spec 5.3); 1: upright alone
};

/// The tail flip | normalise | rotate of the preprocessing, in one pass: pictures (M, H, W, 3) u8, `index` (N) i32
/// which of them (empty: all in order), `flip` (N) u8 mirror where 1 (empty: none). Returns
/// (rotations N, H, W, 3) f32; view k of picture i is row rotations i + k. Four rotations need H = W.
Tensor rotation_batch(const Tensor& pictures, const Tensor& index, const Tensor& flip,
                      const RotationBatchOptions& options = {});
/// The labels of those rows: 0, 1, 2, 3, 0, 1, ... (4 n) i32.
Tensor rotation_labels(std::int64_t n, Device device);
/// Each label repeated `times` (adjacent): (n) i32 to (times n) i32.
Tensor repeat_labels(const Tensor& labels, int times);

S4L_KERNEL(rotation_batch, const Tensor& pictures, const Tensor& index, const Tensor& flip,
           const RotationBatchOptions& options, const Tensor& y)
/// y_i = i mod 4.
S4L_KERNEL(rotation_labels, const Tensor& y)
/// y_i = labels[i / times].
S4L_KERNEL(repeat_labels, const Tensor& labels, int times, const Tensor& y)

}  // namespace s4l
