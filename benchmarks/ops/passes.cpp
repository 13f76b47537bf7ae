// Passes that memory bounds.
#include <string>

#include "s4l/benchmarks/ops/measure.h"
#include "s4l/core/ops/add.h"
#include "s4l/core/ops/batch_norm.h"
#include "s4l/core/ops/cast.h"
#include "s4l/core/ops/fill.h"
#include "s4l/core/ops/l2_normalize.h"
#include "s4l/core/ops/loss_scale.h"
#include "s4l/core/ops/pool.h"
#include "s4l/core/ops/rotation_batch.h"
#include "s4l/core/ops/softmax_entropy.h"
#include "s4l/core/ops/unary.h"
#include "s4l/core/ops/update.h"

namespace {

using namespace s4l;
using namespace s4l::bench;

struct BatchNorm {
  Shape shape;
  int groups = 1;
  bool with_residual = false;

  BatchNormOptions options{.groups = groups, .relu = true};
  Tensor x = random(shape), gy = random(shape), y = empty_like(x), gx = empty_like(x);
  Tensor residual = with_residual ? random(shape) : Tensor(), gresidual = with_residual ? empty_like(x) : Tensor();
  Tensor gamma = full({shape.last()}, 1), beta = full({shape.last()}, 0.1);
  Tensor ggamma = empty_like(gamma), gbeta = empty_like(beta);
  Tensor mean = empty({groups, shape.last()}), rstd = empty_like(mean);

  void statistics() const { cpu::batch_norm_statistics(x, options, mean, rstd, {}, {}); }
  void apply() const { cpu::batch_norm_apply(x, mean, rstd, gamma, beta, residual, options, y); }
  void backward() const {
    cpu::batch_norm_backward(x, mean, rstd, gamma, beta, residual, gy, options, true, {}, gx, ggamma, gbeta, gresidual);
  }
  double bytes(int own, int of_residual) const { return bytes_of({x}) * (own + (with_residual ? of_residual : 0)); }
};

void batch_norm(Shape shape, int groups, bool with_residual) {
  const std::string what = " " + to_text(shape) + (groups > 1 ? ", " + std::to_string(groups) + " groups" : "") +
                           (with_residual ? ", residual" : "");
  const auto make = [=] {
    BatchNorm norm{shape, groups, with_residual};
    norm.statistics();
    return norm;
  };
  measure("batch_norm_statistics" + what, [=] {
    const BatchNorm norm = make();
    return Pass{norm.bytes(1, 0), [=] { norm.statistics(); }};
  });
  measure("batch_norm_apply" + what, [=] {
    const BatchNorm norm = make();
    return Pass{norm.bytes(2, 1), [=] { norm.apply(); }};
  });
  measure("batch_norm_backward" + what, [=] {
    const BatchNorm norm = make();
    return Pass{norm.bytes(5, 3), [=] { norm.backward(); }};
  });
}

void batch_norm_rstd(std::int64_t channels) {
  measure("batch_norm_rstd (" + std::to_string(channels) + ")", [=] {
    const Tensor var = full({channels}, 1), rstd = empty_like(var);
    return Pass{bytes_of({var, rstd}), [=] { cpu::batch_norm_rstd(var, 1e-3, rstd); }};
  });
}

void softmax(std::int64_t n, std::int64_t k) {
  measure("softmax_entropy " + to_text(Shape{n, k}), [=] {
    const Tensor z = random({n, k}), gz = empty_like(z), loss = empty({});
    const Tensor ce = empty({n}), h = empty({n}), hit = empty({n});
    const Tensor labels = zeros({n}, DType::i32);
    return Pass{bytes_of({z, labels, gz, ce, h, hit}),
                [=] { cpu::softmax_entropy(z, labels, {.entropy = 0.5}, loss, ce, h, hit, gz); }};
  });
}

void rotation(std::int64_t n, std::int64_t size) {
  measure("rotation_batch " + to_text(Shape{n, size, size, 3}), [=] {
    const Tensor pictures = empty({n, size, size, 3}, DType::u8), y = empty({4 * n, size, size, 3});
    for (std::int64_t i = 0; i < pictures.numel(); ++i)
      pictures.data<std::uint8_t>()[i] = static_cast<std::uint8_t>(i * 2654435761u >> 13);
    return Pass{bytes_of({pictures, y}), [=] { cpu::rotation_batch(pictures, {}, {}, {}, y); }, bytes_of({y})};
  });
}

void labels(std::int64_t n) {
  const std::string what = " (" + std::to_string(n) + ")";
  measure("rotation_labels" + what, [=] {
    const Tensor turned = empty({4 * n}, DType::i32);
    return Pass{bytes_of({turned}), [=] { cpu::rotation_labels(turned); }};
  });
  measure("repeat_labels" + what, [=] {
    const Tensor given = zeros({n}, DType::i32), turned = empty({4 * n}, DType::i32);
    return Pass{bytes_of({given, turned}), [=] { cpu::repeat_labels(given, 4, turned); }};
  });
  measure("picture_labels" + what, [=] {
    const Tensor shown = empty({4 * n}, DType::i32);
    return Pass{bytes_of({shown}), [=] { cpu::picture_labels(4, shown); }};
  });
}

struct Pool {
  Shape shape;
  Tensor x = random(shape), y = empty({shape[0], shape[1] / 2, shape[2] / 2, shape[3]});
  Tensor argmax = empty(y.shape(), DType::u8), gx = empty_like(x), mean = random({shape[0], shape[3]});
  MaxPoolOptions options{};
};

void pool(Shape shape) {
  const std::string what = " " + to_text(shape);
  measure("max_pool2d" + what, [=] {
    const Pool p{shape};
    return Pass{bytes_of({p.x, p.y, p.argmax}), [=] { cpu::max_pool2d(p.x, p.options, p.y, p.argmax); }};
  });
  measure("max_pool2d_backward" + what, [=] {
    const Pool p{shape};
    cpu::max_pool2d(p.x, p.options, p.y, p.argmax);
    return Pass{bytes_of({p.gx, p.y, p.argmax}), [=] { cpu::max_pool2d_backward(p.y, p.argmax, p.options, p.gx); },
                bytes_of({p.gx})};
  });
  measure("global_avg_pool" + what, [=] {
    const Pool p{shape};
    return Pass{bytes_of({p.x, p.mean}), [=] { cpu::global_avg_pool(p.x, p.mean); }};
  });
  measure("global_avg_pool_backward" + what, [=] {
    const Pool p{shape};
    return Pass{bytes_of({p.mean, p.gx}), [=] { cpu::global_avg_pool_backward(p.mean, p.gx); }, bytes_of({p.gx})};
  });
}

struct Vectors {
  std::int64_t n;
  Tensor a = random({n}), b = random({n}), y = empty_like(a), half = empty({n}, DType::bf16), two = full({}, 2);
};

void elementwise(std::int64_t n) {
  const std::string what = " (" + std::to_string(n) + ")";
  measure("add" + what, [=] {
    const Vectors v{n};
    return Pass{bytes_of({v.a, v.b, v.y}), [=] { cpu::add(v.a, v.b, v.y); }};
  });
  measure("scale" + what, [=] {
    const Vectors v{n};
    return Pass{bytes_of({v.a, v.y}), [=] { cpu::scale(v.a, 2, v.y); }};
  });
  measure("scale_by" + what, [=] {
    const Vectors v{n};
    return Pass{bytes_of({v.a, v.y}), [=] { cpu::scale_by(v.a, v.two, v.y); }};
  });
  measure("fill" + what, [=] {
    const Vectors v{n};
    return Pass{bytes_of({v.y}), [=] { cpu::fill(v.y, 1); }};
  });
  measure("cast f32 to bf16" + what, [=] {
    const Vectors v{n};
    return Pass{bytes_of({v.a, v.half}), [=] { cpu::cast(v.a, v.half); }};
  });
#define S4L_UNARY(name)                                                                   \
  measure(#name + what, [=] {                                                             \
    const Vectors v{n};                                                                   \
    return Pass{bytes_of({v.a, v.y}), [=] { cpu::name(v.a, v.y); }};                      \
  });                                                                                     \
  measure(#name "_backward" + what, [=] {                                                 \
    const Vectors v{n};                                                                   \
    return Pass{bytes_of({v.a, v.b, v.y}), [=] { cpu::name##_backward(v.a, v.b, v.y); }}; \
  });
#include "s4l/core/ops/unary.def"
#undef S4L_UNARY
}

void l2_normalize(std::int64_t n, std::int64_t size) {
  const std::string what = " " + to_text(Shape{n, size});
  measure("l2_normalize" + what, [=] {
    const Tensor x = random({n, size}), y = empty_like(x);
    return Pass{bytes_of({x, y}), [=] { cpu::l2_normalize(x, 1e-12, y); }};
  });
  measure("l2_normalize_backward" + what, [=] {
    const Tensor x = random({n, size}), gy = random({n, size}), gx = empty_like(x);
    return Pass{bytes_of({x, gy, gx}), [=] { cpu::l2_normalize_backward(x, gy, 1e-12, gx); }};
  });
}

void update(std::int64_t n, bool averaged) {
  measure(std::string("sgd_update") + (averaged ? " with average" : "") + " (" + std::to_string(n) + ")", [=] {
    const Tensor w = random({n}), g = random({n}), v = zeros({n}), lr = full({}, 1e-3);
    const Tensor average = averaged ? zeros({n}) : Tensor();
    const SgdUpdate how{.weight_decay = 1e-3, .decayed = n, .ema_decay = averaged ? 0.999 : 0};
    return Pass{bytes_of({w, w, v, v, g}) + (averaged ? bytes_of({average, average}) : 0),
                [=] { cpu::sgd_update(w, g, v, {.average = average}, lr, {}, how); }};
  });
}

void gradients(std::int64_t n) {
  const std::string what = " (" + std::to_string(n) + ")";
  measure("clip_length" + what, [=] {
    const Tensor g = random({n});
    return Pass{bytes_of({g, g, g}), [=] { cpu::clip_length(g, 1); }};
  });
  measure("unscale" + what, [=] {
    const Tensor g = random({n}), state = full({3}, 1);
    return Pass{bytes_of({g, g}), [=] { cpu::unscale(g, state, {.growth = 1}); }};
  });
}

[[maybe_unused]] const bool registered = [] {
  for (const Shape& shape : {Shape{64, 32, 32, 32}, Shape{8, 56, 56, 256}, Shape{8, 28, 28, 512}, Shape{64, 56, 56, 64},
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
  labels(64);
  pool({8, 112, 112, 64});
  pool({16, 112, 112, 64});
  elementwise(16 << 20);
  l2_normalize(512, 150'528);
  l2_normalize(131'072, 128);
  update(25'000'000, false);
  update(25'000'000, true);
  gradients(25'000'000);
  return true;
}();

}  // namespace
