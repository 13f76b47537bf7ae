#include "s4l/benchmarks/ops/measure.h"

#include <benchmark/benchmark.h>
#include <emmintrin.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "s4l/core/rng.h"
#include "s4l/kernels/cpu/parallel.h"

namespace s4l::bench {
namespace {

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void stream(const float* from, float* to, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes / sizeof(float); i += 4) _mm_stream_ps(to + i, _mm_load_ps(from + i));
  _mm_sfence();
}

template <class Copy>
double best_bandwidth(const Copy& copy) {
  constexpr std::int64_t kFloats = 16 << 20, kPiece = 1 << 18;
  const Tensor from = zeros({kFloats}), to = zeros({kFloats});
  double best = 1e9;
  for (int repeat = 0; repeat < 30; ++repeat)
    best = std::min(best, seconds_of([&] {
                      cpu::parallel(kFloats / kPiece, [&](std::int64_t i) {
                        copy(from.data<float>() + i * kPiece, to.data<float>() + i * kPiece, kPiece * sizeof(float));
                      });
                    }));
  return 2 * static_cast<double>(from.bytes()) / best;
}

}  // namespace

double copy_bandwidth() {
  static const double best =
      best_bandwidth([](const float* from, float* to, std::size_t n) { std::memcpy(to, from, n); });
  return best;
}

double streaming_bandwidth() {
  static const double best = best_bandwidth(stream);
  return best;
}

void measure(const std::string& name, double bytes, const std::function<void()>& pass) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [=](benchmark::State& state) {
                                 pass();
                                 double best = 1e9;
                                 for (auto _ : state) best = std::min(best, seconds_of(pass));
                                 state.counters["GB/s"] = 1e-9 * bytes / best;
                                 state.counters["of_copy"] = bytes / best / copy_bandwidth();
                                 state.counters["of_streaming"] = bytes / best / streaming_bandwidth();
                               })
      ->UseRealTime()
      ->Unit(benchmark::kMicrosecond)
      ->MinTime(0.1);
}

double bytes_of(std::initializer_list<Tensor> tensors) {
  double sum = 0;
  for (const Tensor& x : tensors) sum += static_cast<double>(x.bytes());
  return sum;
}

Tensor random(Shape shape) {
  Rng rng(1, Purpose::test);
  const Tensor x = empty(shape);
  for (std::int64_t i = 0; i < x.numel(); ++i) x.data<float>()[i] = rng.uniform(-1, 1);
  return x;
}

}  // namespace s4l::bench
