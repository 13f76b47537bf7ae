// Every kernel of the CPU gives the same bits on 1, 2, 3 and 8 threads. The rows below make up the whole registry: a
// kernel that none of them runs is a failure.
#include <catch2/catch.hpp>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "s4l/core/ops/add.h"
#include "s4l/core/ops/batch_norm.h"
#include "s4l/core/ops/cast.h"
#include "s4l/core/ops/confident_labels.h"
#include "s4l/core/ops/conv2d.h"
#include "s4l/core/ops/curriculum.h"
#include "s4l/core/ops/fill.h"
#include "s4l/core/ops/kl_divergence.h"
#include "s4l/core/ops/l2_normalize.h"
#include "s4l/core/ops/linear.h"
#include "s4l/core/ops/loss_scale.h"
#include "s4l/core/ops/pool.h"
#include "s4l/core/ops/rotation_batch.h"
#include "s4l/core/ops/self_adaptive.h"
#include "s4l/core/ops/softmax.h"
#include "s4l/core/ops/softmax_entropy.h"
#include "s4l/core/ops/squared_error.h"
#include "s4l/core/ops/triplet.h"
#include "s4l/core/ops/unary.h"
#include "s4l/core/ops/update.h"
#include "s4l/core/ops/vat.h"
#include "s4l/core/rng.h"
#include "s4l/tests/support/near.h"

using namespace s4l;
using s4l::test::random_tensor;

namespace {

const char* const kKernels[] = {
#include "kernel_names.inc"
};

using Tensors = std::vector<Tensor>;

struct Size {
  std::int64_t images, height, width, channels;
  Shape maps() const { return {images, height, width, channels}; }
  Shape rows() const { return {images * height * width, channels}; }
  Shape long_rows() const { return {images * height, width * channels}; }
  Shape flat() const { return {maps().numel()}; }
};
constexpr Size kSizes[] = {{1, 1, 1, 1},   {1, 2, 3, 15},   {3, 5, 8, 16},   {2, 9, 13, 17},
                           {1, 16, 7, 31}, {2, 33, 33, 33}, {1, 1, 1, 1025}, {3, 33, 31, 16}};

Tensor normals(Shape shape, std::uint64_t seed = 1) { return random_tensor(shape, DType::f32, seed); }

/// (n) whole numbers 0, step, 2 step, ... modulo `count`.
template <class T>
Tensor counting(std::int64_t n, std::int64_t step, std::int64_t count) {
  std::vector<T> values;
  for (std::int64_t i = 0; i < n; ++i) values.push_back(static_cast<T>(i * step % count));
  return from_values(values, {n});
}

Tensors elementwise(const Size& s) {
  const Tensor x = normals(s.flat()), gy = normals(s.flat(), 2), sum = empty_like(x), scaled = empty_like(x);
  const Tensor by_two = empty_like(x), filled = empty_like(x);
  kernel::add(x, gy, sum);
  kernel::scale(x, 1.7, scaled);
  kernel::scale_by(x, full({}, 2.3), by_two);
  kernel::fill(filled, 3);
  Tensors all{sum, scaled, by_two, filled};
  for (const DType type : {DType::bf16, DType::f16, DType::f64}) {
    all.push_back(empty(s.flat(), type));
    kernel::cast(x, all.back());
    all.push_back(empty_like(x));
    kernel::cast(all[all.size() - 2], all.back());
  }
#define S4L_UNARY(name)         \
  all.push_back(empty_like(x)); \
  kernel::name(x, all.back());  \
  all.push_back(empty_like(x)); \
  kernel::name##_backward(x, gy, all.back());
#include "s4l/core/ops/unary.def"
#undef S4L_UNARY
  return all;
}

Tensors updates(const Size& s) {
  const Tensor w = normals(s.flat(), 1), g = normals(s.flat(), 2), v = normals(s.flat(), 3),
               mean = normals(s.flat(), 4);
  const Tensor teacher = normals(s.flat(), 5), clipped = normals(s.flat(), 6), unscaled = normals(s.flat(), 7);
  const Tensor half = empty(s.flat(), DType::bf16), state = from_values(std::vector<float>{8, 1, 1}, {3});
  kernel::sgd_update(w, g, v, SgdCopies{mean, half}, full({}, 0.1), Tensor(),
                     SgdUpdate{.weight_decay = 1e-3, .decayed = w.numel() / 3, .nesterov = true, .ema_decay = 0.9});
  kernel::average(teacher, w, full({}, 5), AverageDecay{});
  kernel::clip_length(clipped, 0.5);
  kernel::unscale(unscaled, state, LossScaling{});
  return {w, v, mean, half, teacher, clipped, unscaled, state};
}

Tensors convolutions(const Size& s) {
  Tensors all;
  for (const std::int64_t size : {1, 3, 5}) {
    const Conv2dOptions options{size == 5 ? 2 : 1, static_cast<int>(size / 2)};
    const Tensor x = normals(s.maps()), w = normals({17, size, size, s.channels}, 2);
    const auto outputs = [&](std::int64_t inputs) { return (inputs - 1) / options.stride + 1; };
    const Tensor gy = normals({s.images, outputs(s.height), outputs(s.width), 17}, 3);
    const Tensor y = empty_like(gy), gx = empty_like(x), gw = empty_like(w);
    kernel::conv2d(x, w, options, y);
    kernel::conv2d_backward_data(gy, w, options, gx);
    kernel::conv2d_backward_weight(x, gy, options, gw);
    all.insert(all.end(), {y, gx, gw});
  }
  return all;
}

Tensors batch_norm(const Size& s) {
  Tensors all;
  for (const std::int64_t groups : {std::int64_t{1}, s.images}) {
    const BatchNormOptions options{.groups = static_cast<int>(groups), .relu = true};
    const Tensor x = normals(s.maps()), residual = normals(s.maps(), 2), gy = normals(s.maps(), 3);
    const Tensor mean = empty({groups, s.channels}), rstd = empty_like(mean), again = empty_like(mean);
    const Tensor running_mean = zeros({s.channels}), running_var = full({s.channels}, 1);
    const Tensor gamma = normals({s.channels}, 4), beta = normals({s.channels}, 5);
    const Tensor y = empty_like(x), gx = empty_like(x), gresidual = empty_like(x);
    const Tensor ggamma = empty_like(gamma), gbeta = empty_like(beta);
    kernel::batch_norm_statistics(x, options, mean, rstd, running_mean, running_var);
    kernel::batch_norm_rstd(running_var, 1e-3, running_mean);
    kernel::batch_norm_rstd(rstd, 1e-3, again);
    kernel::batch_norm_apply(x, mean, rstd, gamma, beta, residual, options, y);
    kernel::batch_norm_backward(x, mean, rstd, gamma, beta, residual, gy, options, true, Tensor(), gx, ggamma, gbeta,
                                gresidual);
    all.insert(all.end(), {mean, rstd, running_mean, running_var, again, y, gx, ggamma, gbeta, gresidual});
  }
  return all;
}

Tensors pooling(const Size& s) {
  const Tensor x = normals(s.maps()), mean = empty({s.images, s.channels}), spread = empty_like(x), gx = empty_like(x);
  const Tensor gy = normals({s.images, (s.height + 1) / 2, (s.width + 1) / 2, s.channels}, 2), y = empty_like(gy);
  const Tensor argmax = empty(y.shape(), DType::u8);
  kernel::max_pool2d(x, MaxPoolOptions{}, y, argmax);
  kernel::max_pool2d_backward(gy, argmax, MaxPoolOptions{}, gx);
  kernel::global_avg_pool(x, mean);
  kernel::global_avg_pool_backward(mean, spread);
  return {y, argmax, gx, mean, spread};
}

Tensors head(const Size& s) {
  const Tensor x = normals(s.long_rows()), w = normals({17, x.shape()[1]}, 2), b = normals({17}, 3);
  const Tensor gy = normals({x.shape()[0], 17}, 4), y = empty_like(gy);
  const Tensor gx = empty_like(x), gw = empty_like(w), gb = empty_like(b);
  kernel::linear(x, w, b, y);
  kernel::linear_backward(gy, x, w, gx, gw, gb);
  return {y, gx, gw, gb};
}

Tensors distributions(const Size& s) {
  const std::int64_t n = s.rows()[0], k = s.rows()[1];
  const Tensor z = normals(s.rows()), other = normals(s.rows(), 2), labels = counting<std::int32_t>(n, 7, k);
  const Tensor p = empty_like(z), gz = empty_like(z), loss = empty({}), ce = empty({n}), h = empty({n}),
               hit = empty({n});
  const Tensor soft_gz = empty_like(z), kl = empty({}), kl_rows = empty({n}), kl_gz = empty_like(z);
  const Tensor error = empty({}), error_gz = empty_like(z);
  kernel::softmax(z, p);
  kernel::softmax_backward(p, other, soft_gz);
  kernel::softmax_entropy(z, labels, SoftmaxEntropyOptions{.entropy = 0.5}, loss, ce, h, hit, gz);
  kernel::kl_divergence(z, other, KlOrder::clean_first, kl, kl_rows, kl_gz);
  kernel::squared_error(z, other, error, error_gz);
  return {p, soft_gz, gz, loss, ce, h, hit, kl, kl_rows, kl_gz, error, error_gz};
}

Tensors pseudo_labels(const Size& s) {
  const std::int64_t n = s.rows()[0], k = s.rows()[1];
  const Tensor q = empty(s.rows()), labels = empty({n}, DType::i32), given = empty({n}), share = full({k}, 0.1);
  const Tensor global = full({1}, 0.1), next_global = empty({1}), next_probability = empty({k});
  const Tensor next_histogram = empty({k}), adapted = empty({k}), loss = empty({}), gp = empty_like(q);
  const Tensor seen = counting<std::int32_t>(n, 0, 1), counts = zeros({k}, DType::i64), derived = empty({k});
  kernel::softmax(normals(s.rows()), q);
  kernel::confident_labels(q, share, labels);
  kernel::is_labelled(labels, given);
  kernel::follow_confidence(q, 0.9, global, share, share, next_global, next_probability, next_histogram);
  kernel::self_adaptive_thresholds(next_global, next_probability, adapted);
  kernel::fairness(q, labels, next_probability, next_histogram, loss, gp);
  kernel::note_confident(seen, counts, q, counting<std::int64_t>(n, 1, n), 0.2);
  kernel::curriculum_thresholds(counts, n, 0.95, true, derived);
  return {labels, given, next_global, next_probability, next_histogram, adapted, loss, gp, seen, counts, derived};
}

Tensors pictures(const Size& s) {
  const std::int64_t n = s.images, size = s.height;
  std::vector<std::uint8_t> bytes;
  for (std::int64_t i = 0; i < n * size * size * 3; ++i) bytes.push_back(static_cast<std::uint8_t>(i * 37 % 251));
  const Tensor turned = empty({4 * n, size, size, 3}), which = empty({4 * n}, DType::i32);
  const Tensor labels = counting<std::int32_t>(n, 1, 10), repeated = empty({4 * n}, DType::i32);
  const Tensor shown = empty({4 * n}, DType::i32);
  kernel::rotation_batch(from_values(bytes, {n, size, size, 3}), Tensor(), PictureDraws{.noise = normals({n, 7})},
                         RotationBatchOptions{}, turned);
  kernel::rotation_labels(which);
  kernel::repeat_labels(labels, 4, repeated);
  kernel::picture_labels(4, shown);
  return {turned, which, repeated, shown};
}

Tensors neighbours(const Size& s) {
  const Tensor x = normals(s.long_rows()), g = normals(s.long_rows(), 2);
  const std::int64_t n = x.shape()[0];
  const Tensor unit = empty_like(x), norm_gx = empty_like(x), start = empty_like(x), step = empty_like(x);
  const Tensor length = empty({n}), nearest = empty({n}), loss = empty({}), anchors = empty({n}), ge = empty_like(x);
  kernel::l2_normalize(x, 1e-12, unit);
  kernel::l2_normalize_backward(x, g, 1e-12, norm_gx);
  kernel::vat_start(x, 0.5, from_values<std::int32_t>(Rng(7, Purpose::test).words(), {6}), start);
  kernel::vat_step(x, g, VatStepOptions{}, Tensor(), step, length);
  kernel::half_nearest_distance(x, nearest);
  kernel::triplet(x, counting<std::int32_t>(n, 1, 3), 1, loss, anchors, ge);
  return {unit, norm_gx, start, step, length, nearest, loss, anchors, ge};
}

struct Row {
  const char* name;
  Tensors (*run)(const Size&);
};
constexpr Row kRows[] = {{"elementwise", elementwise},
                         {"updates", updates},
                         {"convolutions", convolutions},
                         {"batch norm", batch_norm},
                         {"pooling", pooling},
                         {"head", head},
                         {"distributions", distributions},
                         {"pseudo-labels", pseudo_labels},
                         {"pictures", pictures},
                         {"neighbours", neighbours}};

std::vector<std::string> bits_on(int threads, const Row& row, const Size& size) {
  const int before = num_threads();
  set_num_threads(threads);
  std::vector<std::string> all;
  for (const Tensor& x : row.run(size)) all.emplace_back(static_cast<const char*>(x.raw()), x.bytes());
  set_num_threads(before);
  return all;
}

std::set<std::string> ran;

}  // namespace

TEST_CASE("every kernel of the CPU gives the same bits on 1, 2, 3 and 8 threads") {
  ran.clear();
  kernel_observer = [](const char* kernel, const Tensor&) { ran.insert(kernel); };
  for (const Row& row : kRows)
    for (const Size& size : kSizes) {
      const auto one = bits_on(1, row, size);
      for (const int threads : {2, 3, 8}) {
        const auto more = bits_on(threads, row, size);
        for (std::size_t i = 0; i < one.size(); ++i) {
          INFO(row.name << " of " << to_text(size.maps()) << " on " << threads << " threads, result " << i);
          const bool same = more[i] == one[i];  // not shown: bytes
          CHECK(same);
        }
      }
    }
  kernel_observer = nullptr;
  for (const char* kernel : kKernels) {
    INFO(kernel << ": no row runs it");
    CHECK(ran.contains(kernel));
  }
}
