#pragma once
#include <array>

#include "s4l/core/kernel.h"
#include "s4l/core/ops/hsv_noise.h"

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

/// What the tail does to each picture by itself; an empty tensor does nothing.
struct PictureDraws {
  Tensor flip{};   ///< (N) u8, mirror where 1
  Tensor noise{};  ///< (N, 7) f32, the numbers of an HsvNoise
  Tensor range{};  ///< (N, 2) f32: value * range[0] + range[1] instead of the normalisation, values from 0 to 255
};

/// The tail flip | HSV noise | normalise | rotate of the preprocessing, in one pass: pictures (M, H, W, 3) u8, `index`
/// (N) i32 which of them (empty: all in order). Returns (rotations N, H, W, 3) f32; view k of picture i is row
/// rotations i + k. Four rotations need H = W.
Tensor rotation_batch(const Tensor& pictures, const Tensor& index, const PictureDraws& draws,
                      const RotationBatchOptions& options = {});
/// The labels of those rows: 0, 1, 2, 3, 0, 1, ... (4 n) i32.
Tensor rotation_labels(std::int64_t n, Device device);
/// Each label repeated `times` (adjacent): (n) i32 to (times n), or rows (n, K) f32 or f64 to (times n, K).
Tensor repeat_labels(const Tensor& labels, int times);
/// Which of the pictures each of `rows` rows shows, of `views` adjacent views of a picture: 0, 0, ..., 1, 1, ... i32.
Tensor picture_labels(std::int64_t rows, std::int64_t views, Device device);

S4L_KERNEL(rotation_batch, const Tensor& pictures, const Tensor& index, const PictureDraws& draws,
           const RotationBatchOptions& options, const Tensor& y)
/// y_i = i mod 4.
S4L_KERNEL(rotation_labels, const Tensor& y)
/// y_i = labels[i / times], of rows as of numbers.
S4L_KERNEL(repeat_labels, const Tensor& labels, int times, const Tensor& y)
/// y_i = i / views.
S4L_KERNEL(picture_labels, std::int64_t views, const Tensor& y)

}  // namespace s4l
