// Passes that memory bounds: GB/s of the bytes that each must move at least, and as a share of the bandwidth of a
// parallel memcpy of 64 MiB in the same run (which counts both its directions).
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "s4l/core/device/device.h"
#include "s4l/core/ops/add.h"
#include "s4l/core/ops/batch_norm.h"
#include "s4l/core/ops/pool.h"
#include "s4l/core/ops/rotation_batch.h"
#include "s4l/core/ops/softmax_entropy.h"
#include "s4l/core/ops/update.h"
#include "s4l/core/rng.h"
#include "s4l/kernels/cpu/parallel.h"

namespace {

using namespace s4l;

Tensor random(Shape shape) {
  Rng rng(1, Purpose::test);
  const Tensor x = empty(shape);
  for (std::int64_t i = 0; i < x.numel(); ++i) x.data<float>()[i] = rng.uniform(-1, 1);
  return x;
}

double copy_bandwidth() {
  static const double best = [] {
    constexpr std::size_t kBytes = std::size_t{64} << 20, kChunk = std::size_t{1} << 20;
    const Tensor from = zeros({kBytes}, DType::u8), to = zeros({kBytes}, DType::u8);
    double most = 0;
    for (int repeat = 0; repeat < 20; ++repeat) {
      const auto start = std::chrono::steady_clock::now();
      cpu::parallel(kBytes / kChunk, [&](std::int64_t i) {
        std::memcpy(to.data<std::uint8_t>() + static_cast<std::size_t>(i) * kChunk,
                    from.data<std::uint8_t>() + static_cast<std::size_t>(i) * kChunk, kChunk);
      });
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
      most = std::max(most, 2 * static_cast<double>(kBytes) / seconds.count());
    }
    return most;
  }();
  return best;
}

void measure(const std::string& name, double bytes, const std::function<void()>& pass) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [=](benchmark::State& state) {
                                 const double copy = copy_bandwidth();
                                 pass();
                                 for (auto _ : state) pass();
                                 const double moved = bytes * static_cast<double>(state.iterations());
                                 state.counters["GB/s"] = benchmark::Counter(moved / 1e9, benchmark::Counter::kIsRate);
                                 state.counters["of copy"] =
                                     benchmark::Counter(moved / copy, benchmark::Counter::kIsRate);
                               })
      ->UseRealTime()
      ->Unit(benchmark::kMicrosecond);
}

double bytes(std::initializer_list<Tensor> tensors) {
  double sum = 0;
  for (const Tensor& x : tensors) sum += static_cast<double>(x.bytes());
  return sum;
}

void batch_norm(Shape shape) {
  const Tensor x = random(shape), gy = random(shape), y = empty_like(x), gx = empty_like(x);
  const std::int64_t channels = shape.last();
  const Tensor gamma = full({channels}, 1), beta = full({channels}, 0.1);
  const Tensor ggamma = empty_like(gamma), gbeta = empty_like(beta);
  const Tensor mean = empty({1, channels}), rstd = empty({1, channels});
  const BatchNormOptions options{.relu = true};
  const std::string name = "batch_norm " + to_text(shape);
  cpu::batch_norm_statistics(x, options, mean, rstd, {}, {});
  measure(name + " statistics", bytes({x}), [=] { cpu::batch_norm_statistics(x, options, mean, rstd, {}, {}); });
  measure(name + " apply", bytes({x, y}), [=] { cpu::batch_norm_apply(x, mean, rstd, gamma, beta, {}, options, y); });
  measure(name + " backward", bytes({x, gy, x, gy, gx}),
          [=] { cpu::batch_norm_backward(x, mean, rstd, gamma, beta, {}, gy, options, true, gx, ggamma, gbeta, {}); });
}

void softmax(std::int64_t n, std::int64_t k) {
  const Tensor z = random({n, k}), gz = empty_like(z), loss = empty({});
  const Tensor ce = empty({n}), h = empty({n}), hit = empty({n});
  const Tensor labels = zeros({n}, DType::i32);
  measure("softmax_entropy " + to_text(z.shape()), bytes({z, gz}),
          [=] { cpu::softmax_entropy(z, labels, {.entropy = 0.5}, loss, ce, h, hit, gz); });
}

void rotation(std::int64_t n, std::int64_t size) {
  const Tensor pictures = zeros({n, size, size, 3}, DType::u8), y = empty({4 * n, size, size, 3});
  measure("rotation_batch " + to_text(pictures.shape()), bytes({pictures, y}),
          [=] { cpu::rotation_batch(pictures, {}, {}, {}, y); });
}

void pool(Shape shape) {
  const Tensor x = random(shape);
  const Tensor y = empty({shape[0], shape[1] / 2, shape[2] / 2, shape[3]});
  const Tensor argmax = empty(y.shape(), DType::u8), gx = empty_like(x);
  measure("max_pool2d " + to_text(shape), bytes({x, y, argmax}), [=] { cpu::max_pool2d(x, {}, y, argmax); });
  measure("max_pool2d_backward " + to_text(shape), bytes({gx, y, argmax}),
          [=] { cpu::max_pool2d_backward(y, argmax, {}, gx); });
}

void update(std::int64_t n) {
  const Tensor w = random({n}), g = random({n}), v = zeros({n}), average = zeros({n}), lr = full({}, 1e-3);
  measure("add (" + std::to_string(n) + ")", bytes({w, g, v}), [=] { cpu::add(w, g, v); });
  measure("sgd_update (" + std::to_string(n) + ")", bytes({w, w, v, v, g}),
          [=] { cpu::sgd_update(w, g, v, {}, lr, {.weight_decay = 1e-3, .decayed = n}); });
  measure("sgd_update with average (" + std::to_string(n) + ")", bytes({w, w, v, v, g, average, average}),
          [=] { cpu::sgd_update(w, g, v, average, lr, {.weight_decay = 1e-3, .decayed = n, .ema_decay = 0.999}); });
}

[[maybe_unused]] const bool registered = [] {
  for (const Shape& shape :
       {Shape{64, 56, 56, 64}, Shape{64, 32, 32, 32}, Shape{16, 56, 56, 256}, Shape{128, 7, 7, 2048}})
    batch_norm(shape);
  softmax(512, 1000);
  softmax(8192, 1000);
  softmax(256, 10);
  rotation(64, 32);
  rotation(64, 224);
  pool({16, 112, 112, 64});
  update(25'000'000);
  return true;
}();

}  // namespace
