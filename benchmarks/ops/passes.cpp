// Passes that memory bounds. S4L_BENCH_THREADS sets the threads (conv2d.cpp).
#include <string>

#include "s4l/benchmarks/ops/measure.h"
#include "s4l/core/ops/add.h"
#include "s4l/core/ops/batch_norm.h"
#include "s4l/core/ops/cast.h"
#include "s4l/core/ops/l2_normalize.h"
#include "s4l/core/ops/pool.h"
#include "s4l/core/ops/rotation_batch.h"
#include "s4l/core/ops/softmax_entropy.h"
#include "s4l/core/ops/unary.h"
#include "s4l/core/ops/update.h"

namespace {

using namespace s4l;
using namespace s4l::bench;

void batch_norm(Shape shape, int groups, bool with_residual) {
  const Tensor x = random(shape), gy = random(shape), y = empty_like(x), gx = empty_like(x);
  const Tensor residual = with_residual ? random(shape) : Tensor(), gr = with_residual ? empty_like(x) : Tensor();
  const std::int64_t channels = shape.last();
  const Tensor gamma = full({channels}, 1), beta = full({channels}, 0.1);
  const Tensor ggamma = empty_like(gamma), gbeta = empty_like(beta);
  const Tensor mean = empty({groups, channels}), rstd = empty({groups, channels});
  const BatchNormOptions options{.groups = groups, .relu = true};
  const double once = bytes_of({x}), extra = with_residual ? once : 0;
  const std::string what = " " + to_text(shape) + (groups > 1 ? ", " + std::to_string(groups) + " groups" : "") +
                           (with_residual ? ", residual" : "");
  cpu::batch_norm_statistics(x, options, mean, rstd, {}, {});
  measure("batch_norm_statistics" + what, once, [=] { cpu::batch_norm_statistics(x, options, mean, rstd, {}, {}); });
  measure("batch_norm_apply" + what, 2 * once + extra,
          [=] { cpu::batch_norm_apply(x, mean, rstd, gamma, beta, residual, options, y); });
  measure("batch_norm_backward" + what, 5 * once + 3 * extra, [=] {
    cpu::batch_norm_backward(x, mean, rstd, gamma, beta, residual, gy, options, true, gx, ggamma, gbeta, gr);
  });
}

void batch_norm_rstd(std::int64_t channels) {
  const Tensor var = full({channels}, 1), rstd = empty_like(var);
  measure("batch_norm_rstd (" + std::to_string(channels) + ")", bytes_of({var, rstd}),
          [=] { cpu::batch_norm_rstd(var, 1e-3, rstd); });
}

void softmax(std::int64_t n, std::int64_t k) {
  const Tensor z = random({n, k}), gz = empty_like(z), loss = empty({});
  const Tensor ce = empty({n}), h = empty({n}), hit = empty({n});
  const Tensor labels = zeros({n}, DType::i32);
  measure("softmax_entropy " + to_text(z.shape()), bytes_of({z, gz}),
          [=] { cpu::softmax_entropy(z, labels, {.entropy = 0.5}, loss, ce, h, hit, gz); });
}

void rotation(std::int64_t n, std::int64_t size) {
  const Tensor pictures = zeros({n, size, size, 3}, DType::u8), y = empty({4 * n, size, size, 3});
  const Tensor labels = zeros({n}, DType::i32), turned = empty({4 * n}, DType::i32);
  const std::string what = " " + to_text(pictures.shape());
  measure("rotation_batch" + what, bytes_of({pictures, y}), [=] { cpu::rotation_batch(pictures, {}, {}, {}, y); });
  measure("rotation_labels (" + std::to_string(n) + ")", bytes_of({turned}), [=] { cpu::rotation_labels(turned); });
  measure("repeat_labels (" + std::to_string(n) + ")", bytes_of({labels, turned}),
          [=] { cpu::repeat_labels(labels, 4, turned); });
}

void pool(Shape shape) {
  const Tensor x = random(shape);
  const Tensor y = empty({shape[0], shape[1] / 2, shape[2] / 2, shape[3]});
  const Tensor argmax = empty(y.shape(), DType::u8), gx = empty_like(x);
  const Tensor mean = empty({shape[0], shape[3]});
  const std::string what = " " + to_text(shape);
  measure("max_pool2d" + what, bytes_of({x, y, argmax}), [=] { cpu::max_pool2d(x, {}, y, argmax); });
  measure("max_pool2d_backward" + what, bytes_of({gx, y, argmax}),
          [=] { cpu::max_pool2d_backward(y, argmax, {}, gx); });
  measure("global_avg_pool" + what, bytes_of({x, mean}), [=] { cpu::global_avg_pool(x, mean); });
  measure("global_avg_pool_backward" + what, bytes_of({mean, gx}), [=] { cpu::global_avg_pool_backward(mean, gx); });
}

void elementwise(std::int64_t n) {
  const Tensor a = random({n}), b = random({n}), y = empty_like(a), half = empty({n}, DType::bf16), two = full({}, 2);
  const std::string what = " (" + std::to_string(n) + ")";
  measure("add" + what, bytes_of({a, b, y}), [=] { cpu::add(a, b, y); });
  measure("scale" + what, bytes_of({a, y}), [=] { cpu::scale(a, 2, y); });
  measure("scale_by" + what, bytes_of({a, y}), [=] { cpu::scale_by(a, two, y); });
  measure("cast f32 to bf16" + what, bytes_of({a, half}), [=] { cpu::cast(a, half); });
#define S4L_UNARY(name)                                              \
  measure(#name + what, bytes_of({a, y}), [=] { cpu::name(a, y); }); \
  measure(#name "_backward" + what, bytes_of({a, b, y}), [=] { cpu::name##_backward(a, b, y); });
#include "s4l/core/ops/unary.def"
#undef S4L_UNARY
}

void l2_normalize(std::int64_t n, std::int64_t size) {
  const Tensor x = random({n, size}), gy = random({n, size}), y = empty_like(x);
  measure("l2_normalize " + to_text(x.shape()), bytes_of({x, y}), [=] { cpu::l2_normalize(x, 1e-12, y); });
  measure("l2_normalize_backward " + to_text(x.shape()), bytes_of({x, gy, y}),
          [=] { cpu::l2_normalize_backward(x, gy, 1e-12, y); });
}

void update(std::int64_t n) {
  const Tensor w = random({n}), g = random({n}), v = zeros({n}), average = zeros({n}), lr = full({}, 1e-3);
  const std::string what = " (" + std::to_string(n) + ")";
  measure("sgd_update" + what, bytes_of({w, w, v, v, g}),
          [=] { cpu::sgd_update(w, g, v, {}, lr, {.weight_decay = 1e-3, .decayed = n}); });
  measure("sgd_update with average" + what, bytes_of({w, w, v, v, g, average, average}),
          [=] { cpu::sgd_update(w, g, v, average, lr, {.weight_decay = 1e-3, .decayed = n, .ema_decay = 0.999}); });
}

[[maybe_unused]] const bool registered = [] {
  for (const Shape& shape : {Shape{64, 32, 32, 32}, Shape{8, 56, 56, 256}, Shape{64, 56, 56, 64},
                             Shape{16, 56, 56, 256}, Shape{128, 7, 7, 2048}})
    batch_norm(shape, 1, false);
  batch_norm({64, 56, 56, 64}, 8, false);
  batch_norm({64, 56, 56, 64}, 1, true);
  batch_norm_rstd(2048);
  for (const auto& [n, k] :
       {std::pair{256, 10}, {4'000'000, 4}, {1'000'000, 10}, {512, 1000}, {16384, 1000}, {400, 50'000}})
    softmax(n, k);
  rotation(64, 32);
  rotation(64, 224);
  pool({16, 112, 112, 64});
  elementwise(16 << 20);
  l2_normalize(512, 150'528);
  l2_normalize(131'072, 128);
  update(25'000'000);
  return true;
}();

}  // namespace
