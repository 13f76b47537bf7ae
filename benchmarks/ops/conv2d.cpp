// Convolutions of the networks, each direction in GFLOP/s (of the definition: 2 per multiply-add) and as a share of
// the multiply-add ceiling of as many cores, measured in the same run. S4L_BENCH_THREADS sets the threads (default 2).
#include "s4l/core/ops/conv2d.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "s4l/core/device/device.h"
#include "s4l/core/rng.h"
#include "s4l/kernels/cpu/gemm.h"
#include "s4l/kernels/cpu/parallel.h"

namespace {

using namespace s4l;

struct Layer {
  const char* network;
  std::int64_t images, size, channels, outputs, kernel;
  int stride;
};

constexpr Layer kLayers[] = {
    {"small", 192, 48, 3, 16, 3, 2},      {"small", 192, 24, 3, 16, 3, 1},     {"small", 192, 24, 16, 32, 3, 2},
    {"small", 192, 12, 32, 32, 3, 1},     {"small", 192, 12, 32, 64, 3, 2},    {"small", 192, 6, 64, 64, 3, 1},
    {"small", 192, 6, 64, 128, 3, 2},     {"small", 192, 3, 128, 128, 3, 1},   {"wrn-28-2", 64, 32, 3, 16, 3, 1},
    {"wrn-28-2", 64, 32, 16, 32, 3, 1},   {"wrn-28-2", 64, 32, 32, 32, 3, 1},  {"wrn-28-2", 64, 32, 32, 64, 3, 2},
    {"wrn-28-2", 64, 16, 64, 64, 3, 1},   {"wrn-28-2", 64, 16, 64, 128, 3, 2}, {"wrn-28-2", 64, 8, 128, 128, 3, 1},
    {"wrn-28-2", 64, 32, 32, 64, 1, 2},   {"resnet50", 8, 224, 3, 64, 7, 2},   {"resnet50", 8, 56, 64, 64, 1, 1},
    {"resnet50", 8, 56, 64, 64, 3, 1},    {"resnet50", 8, 56, 64, 256, 1, 1},  {"resnet50", 8, 56, 128, 128, 3, 2},
    {"resnet50", 8, 28, 128, 128, 3, 1},  {"resnet50", 8, 28, 512, 128, 1, 1}, {"resnet50", 8, 14, 256, 256, 3, 1},
    {"resnet50", 8, 14, 1024, 256, 1, 1}, {"resnet50", 8, 7, 512, 512, 3, 1},  {"resnet50", 8, 7, 512, 2048, 1, 1},
};

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
  const Conv2dOptions options{l.stride, static_cast<int>(l.kernel / 2)};
  const Tensor x = random_tensor({l.images, l.size, l.size, l.channels}, 1);
  const Tensor w = random_tensor({l.outputs, l.kernel, l.kernel, l.channels}, 2);
  const Tensor y = conv2d(x, w, options), gx = empty_like(x), gw = empty_like(w);
  const double flops = 2.0 * static_cast<double>(y.numel() * l.kernel * l.kernel * l.channels);
  double best = 1e9;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    if (direction == Direction::forward) kernel::conv2d(x, w, options, y);
    if (direction == Direction::data) kernel::conv2d_backward_data(y, w, options, gx);
    if (direction == Direction::weight) kernel::conv2d_backward_weight(x, y, options, gw);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::min(best, seconds.count());
  }
  state.counters["GFLOP/s"] = 1e-9 * flops / best;
  state.counters["of_peak"] = 1e-9 * flops / best / ceiling();
  state.counters["ceiling"] = ceiling();
}

const int registered = [] {
  const char* threads = std::getenv("S4L_BENCH_THREADS");
  set_num_threads(threads != nullptr ? std::atoi(threads) : 2);
  for (const Layer& l : kLayers)
    for (Direction direction : {Direction::forward, Direction::data, Direction::weight}) {
      if (l.channels == 3 && direction == Direction::data) continue;  // pictures need no gradient
      const std::string name = std::string("conv2d/") + l.network + "/" + std::to_string(l.channels) + "-" +
                               std::to_string(l.outputs) + "@" + std::to_string(l.size) + "/k" +
                               std::to_string(l.kernel) + "s" + std::to_string(l.stride) + "/" +
                               kDirections[static_cast<int>(direction)];
      benchmark::RegisterBenchmark(name.c_str(), [&l, direction](benchmark::State& state) { run(state, l, direction); })
          ->Unit(benchmark::kMillisecond)
          ->UseRealTime()
          ->MinTime(0.15);
    }
  return 0;
}();

}  // namespace
