// Convolutions of the networks, each direction in GFLOP/s (of the definition: 2 per multiply-add) and as a share of
// the multiply-add ceiling of as many cores, measured in turns with it; packing_ms is what the first call after an
// update of the weights takes longer; error is the relative L2 error against f64, with --errors.
#include "s4l/core/ops/conv2d.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "s4l/benchmarks/ops/layers.h"
#include "s4l/benchmarks/ops/measure.h"
#include "s4l/core/ops/cast.h"
#include "s4l/core/rng.h"
#include "s4l/kernels/cpu/gemm.h"
#include "s4l/kernels/cpu/parallel.h"

namespace {

using namespace s4l;
using bench::Layer;

enum class Direction { forward, data, weight };
constexpr const char* kDirections[] = {"forward", "data", "weight"};

/// Multiply-adds of the micro-kernel itself on matrices that never leave L1.
class Ceiling {
 public:
  void repeat() {
    const double seconds = bench::seconds_of([&] {
      cpu::parallel(num_threads(), [&](std::int64_t) {
        std::vector<float> c(static_cast<std::size_t>(kRows * width_));
        for (int i = 0; i < kRepeats; ++i)
          cpu::gemm({a_.data(), kDepth, 1, b_.data(), width_, kDepth * width_, c.data(), width_, kRows, width_, kDepth,
                     false});
        benchmark::DoNotOptimize(c.data());
      });
    });
    best_ = std::max(best_, 2e-9 * static_cast<double>(kRows * kDepth * width_ * kRepeats) * num_threads() / seconds);
  }
  /// The best so far, in GFLOP/s.
  double best() const { return best_; }

 private:
  static constexpr std::int64_t kRows = 24, kDepth = 128, kRepeats = 1000;
  std::int64_t width_ = cpu::gemm_panel_width();
  std::vector<float> a_ = std::vector<float>(kRows * kDepth, 1.0f);
  std::vector<float> b_ = std::vector<float>(static_cast<std::size_t>(kDepth * width_), 1.0f);
  double best_ = 0;
};

/// Normal numbers, repeated after 65,537 of them.
Tensor normals(Shape shape, std::uint64_t seed) {
  Rng rng(seed, Purpose::test);
  std::vector<float> numbers(65'537);
  for (float& number : numbers) number = rng.normal();
  const Tensor x = empty(shape);
  for (std::int64_t i = 0, n = 0; i < x.numel(); ++i, n = n == 65'536 ? 0 : n + 1)
    x.data<float>()[i] = numbers[static_cast<std::size_t>(n)];
  return x;
}

/// A convolution's tensors; each direction writes one of y, gx and gw.
struct Convolution {
  Tensor x, w, gy, y, gx, gw;
  Conv2dOptions options;

  Convolution(const Layer& l, DType type)
      : x(cast(normals({l.images, l.size, l.size, l.channels}, 1), type)),
        w(cast(normals({l.outputs, l.kernel, l.kernel, l.channels}, 2), type)),
        gy(cast(normals({l.images, l.output_size(), l.output_size(), l.outputs}, 3), type)),
        y(empty_like(gy)),
        gx(empty_like(x)),
        gw(empty_like(w)),
        options{static_cast<int>(l.stride), static_cast<int>(l.kernel / 2)} {}

  const Tensor& run(Direction direction) const {
    if (direction == Direction::forward) return kernel::conv2d(x, w, options, y), y;
    if (direction == Direction::data) return kernel::conv2d_backward_data(gy, w, options, gx), gx;
    return kernel::conv2d_backward_weight(x, gy, options, gw), gw;
  }
};

/// Relative, in L2, of f32 against f64.
double error_of(const Tensor& result, const Layer& l, Direction direction) {
  const Tensor exact = Convolution(l, DType::f64).run(direction);
  double wrong = 0, all = 0;
  for (std::int64_t i = 0; i < exact.numel(); ++i) {
    const double value = exact.data<double>()[i];
    wrong += std::pow(static_cast<double>(result.data<float>()[i]) - value, 2);
    all += value * value;
  }
  return std::sqrt(wrong / all);
}

void run(benchmark::State& state, const Layer& l, Direction direction) {
  const Convolution convolution(l, DType::f32);
  const auto once = [&] { return bench::seconds_of([&] { convolution.run(direction); }); };
  Ceiling ceiling;
  ceiling.repeat();
  double best = 1e9, after_update = 1e9;
  int turn = 0;
  for (auto _ : state) {
    const double seconds = once();
    state.SetIterationTime(seconds);
    best = std::min(best, seconds);
    if (turn++ < bench::kTurns) ceiling.repeat();
  }
  state.counters["GFLOP/s"] = l.gflop() / best;
  state.counters["of_peak"] = l.gflop() / best / ceiling.best();
  state.counters["ceiling"] = ceiling.best();
  if (bench::with_errors) state.counters["error"] = error_of(convolution.run(direction), l, direction);
  if (direction == Direction::weight) return;
  const Tensor new_w = normals(convolution.w.shape(), 4);
  for (int i = 0; i < 5; ++i) {
    copy_(convolution.w, new_w);
    after_update = std::min(after_update, once());
  }
  state.counters["packing_ms"] = 1e3 * (after_update - best);
}

const int registered = [] {
  for (const Layer& l : bench::layers())
    for (Direction direction : {Direction::forward, Direction::data, Direction::weight}) {
      if (l.channels == 3 && direction == Direction::data) continue;  // pictures need no gradient
      const std::string name =
          std::string("conv2d/") + l.network + "/" + l.name() + "/" + kDirections[static_cast<int>(direction)];
      benchmark::RegisterBenchmark(name.c_str(), [l, direction](benchmark::State& state) { run(state, l, direction); })
          ->Unit(benchmark::kMillisecond)
          ->UseManualTime();
    }
  return 0;
}();

}  // namespace
