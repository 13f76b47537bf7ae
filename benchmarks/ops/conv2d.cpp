// Convolutions of the networks, each direction in GFLOP/s (of the definition: 2 per multiply-add) and as a share of
// the multiply-add ceiling of as many cores, measured in the same run; packing_ms is what the first call after an
// update of the weights takes longer. S4L_BENCH_THREADS sets the threads (default 2).
#include "s4l/core/ops/conv2d.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "s4l/benchmarks/ops/layers.h"
#include "s4l/core/device/device.h"
#include "s4l/core/rng.h"
#include "s4l/kernels/cpu/gemm.h"
#include "s4l/kernels/cpu/parallel.h"

namespace {

using namespace s4l;
using bench::Layer;

enum class Direction { forward, data, weight };
constexpr const char* kDirections[] = {"forward", "data", "weight"};

/// GFLOP/s of multiply-adds: the micro-kernel itself on matrices that never leave L1, the best of many blocks.
double ceiling() {
  static const double best = [] {
    constexpr std::int64_t kRows = 24, kDepth = 128, kRepeats = 2000;
    const std::int64_t width = cpu::gemm_panel_width();
    std::vector<float> a(kRows * kDepth, 1.0f), b(static_cast<std::size_t>(kDepth * width), 1.0f);
    double most = 0;
    for (int block = 0; block < 20; ++block) {
      const auto start = std::chrono::steady_clock::now();
      cpu::parallel(num_threads(), [&](std::int64_t) {
        std::vector<float> c(static_cast<std::size_t>(kRows * width));
        for (int i = 0; i < kRepeats; ++i)
          cpu::gemm(
              {a.data(), kDepth, 1, b.data(), width, kDepth * width, c.data(), width, kRows, width, kDepth, false});
        benchmark::DoNotOptimize(c.data());
      });
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
      const double flops = 2.0 * static_cast<double>(kRows * kDepth * width * kRepeats) * num_threads();
      most = std::max(most, 1e-9 * flops / seconds.count());
    }
    return most;
  }();
  return best;
}

Tensor random_tensor(Shape shape, std::uint64_t seed) {
  Rng rng(seed, Purpose::test);
  std::vector<float> values(static_cast<std::size_t>(shape.numel()));
  for (float& value : values) value = static_cast<float>(rng.normal());
  return from_values(values, shape);
}

void run(benchmark::State& state, const Layer& l, Direction direction) {
  const Conv2dOptions options{static_cast<int>(l.stride), static_cast<int>(l.kernel / 2)};
  const Tensor x = random_tensor({l.images, l.size, l.size, l.channels}, 1);
  const Tensor w = random_tensor({l.outputs, l.kernel, l.kernel, l.channels}, 2);
  const Tensor new_w = random_tensor(w.shape(), 3), y = conv2d(x, w, options), gx = empty_like(x), gw = empty_like(w);
  const auto once = [&] {
    const auto start = std::chrono::steady_clock::now();
    if (direction == Direction::forward) kernel::conv2d(x, w, options, y);
    if (direction == Direction::data) kernel::conv2d_backward_data(y, w, options, gx);
    if (direction == Direction::weight) kernel::conv2d_backward_weight(x, y, options, gw);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  double best = 1e9, after_update = 1e9;
  for (auto _ : state) best = std::min(best, once());
  state.counters["GFLOP/s"] = l.gflop() / best;
  state.counters["of_peak"] = l.gflop() / best / ceiling();
  state.counters["ceiling"] = ceiling();
  if (direction == Direction::weight) return;
  for (int i = 0; i < 5; ++i) {
    copy_(w, new_w);
    after_update = std::min(after_update, once());
  }
  state.counters["packing_ms"] = 1e3 * (after_update - best);
}

const int registered = [] {
  const char* threads = std::getenv("S4L_BENCH_THREADS");
  set_num_threads(threads != nullptr ? std::atoi(threads) : 2);
  for (const Layer& l : bench::layers())
    for (Direction direction : {Direction::forward, Direction::data, Direction::weight}) {
      if (l.channels == 3 && direction == Direction::data) continue;  // pictures need no gradient
      const std::string name =
          std::string("conv2d/") + l.network + "/" + l.name() + "/" + kDirections[static_cast<int>(direction)];
      benchmark::RegisterBenchmark(name.c_str(), [l, direction](benchmark::State& state) { run(state, l, direction); })
          ->Unit(benchmark::kMillisecond)
          ->UseRealTime()
          ->MinTime(0.15);
    }
  return 0;
}();

}  // namespace
