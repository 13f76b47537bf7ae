#include "s4l/core/ops/rotation_batch.h"

namespace s4l {
namespace {

void check_draws(const char* name, const Tensor& x, const Shape& shape, DType dtype) {
  check(!x || (x.shape() == shape && x.dtype() == dtype), "rotation_batch: expected {} {} {}, got {} {}", name, dtype,
        shape, x ? x.dtype() : dtype, x ? x.shape() : Shape());
}

}  // namespace

Tensor rotation_batch(const Tensor& pictures, const Tensor& index, const PictureDraws& draws,
                      const RotationBatchOptions& options) {
  const Shape& in = pictures.shape();
  check(in.rank == 4 && in[3] == 3 && pictures.dtype() == DType::u8,
        "rotation_batch: expected pictures u8 (M, H, W, 3), got {} {}", pictures.dtype(), in);
  check(options.rotations == 1 || options.rotations == 4, "rotation_batch: expected 1 or 4 rotations, got {}",
        options.rotations);
  check(options.rotations == 1 || in[1] == in[2], "rotation_batch: expected square pictures to rotate, got {}", in);
  check(!index || (index.shape().rank == 1 && index.dtype() == DType::i32),
        "rotation_batch: expected an index i32 (N), got {} {}", index ? index.dtype() : DType::i32,
        index ? index.shape() : Shape());
  const std::int64_t n = index ? index.numel() : in[0];
  check_draws("flip", draws.flip, {n}, DType::u8);
  check_draws("noise", draws.noise, {n, HsvNoise::kNumbers}, DType::f32);
  check_draws("range", draws.range, {n, 2}, DType::f32);
  const Tensor y = empty({options.rotations * n, in[1], in[2], 3}, DType::f32, pictures.device());
  kernel::rotation_batch(pictures, index, draws, options, y);
  return y;
}

Tensor rotation_labels(std::int64_t n, Device device) {
  const Tensor y = empty({4 * n}, DType::i32, device);
  kernel::rotation_labels(y);
  return y;
}

Tensor repeat_labels(const Tensor& labels, int times) {
  const Shape& shape = labels.shape();
  const bool numbers = shape.rank == 1 && labels.dtype() == DType::i32;
  const bool rows = shape.rank == 2 && (labels.dtype() == DType::f32 || labels.dtype() == DType::f64);
  check((numbers || rows) && times >= 0,
        "repeat_labels: expected labels i32 (n) or f32 (n, K) and 0 or more times, got {} {} and {}", labels.dtype(),
        shape, times);
  const Tensor y =
      empty(rows ? Shape{times * shape[0], shape[1]} : Shape{times * shape[0]}, labels.dtype(), labels.device());
  kernel::repeat_labels(labels, times, y);
  return y;
}

Tensor picture_labels(std::int64_t rows, std::int64_t views, Device device) {
  check(rows >= 0 && views >= 1, "picture_labels: expected 0 or more rows of 1 or more views, got {} and {}", rows,
        views);
  const Tensor y = empty({rows}, DType::i32, device);
  kernel::picture_labels(views, y);
  return y;
}

}  // namespace s4l
