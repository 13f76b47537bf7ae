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

void stream(const float* from, float* to, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes / sizeof(float); i += 4) _mm_stream_ps(to + i, _mm_load_ps(from + i));
  _mm_sfence();
}
void fill(const float*, float* to, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes / sizeof(float); i += 4) _mm_stream_ps(to + i, _mm_set1_ps(1));
  _mm_sfence();
}

/// Two copies of the same 64 MiB, and stores alone; each gives its best time so far.
class Copies {
 public:
  void repeat() {
    plain_ = std::min(plain_, seconds([](const float* from, float* to, std::size_t n) { std::memcpy(to, from, n); }));
    streaming_ = std::min(streaming_, seconds(stream));
    fill_ = std::min(fill_, seconds(fill));
  }
  double plain_bandwidth() const { return 2 * static_cast<double>(from_.bytes()) / plain_; }
  double streaming_bandwidth() const { return 2 * static_cast<double>(from_.bytes()) / streaming_; }
  double fill_bandwidth() const { return static_cast<double>(to_.bytes()) / fill_; }

 private:
  static constexpr std::int64_t kFloats = 16 << 20, kPiece = 1 << 18;

  template <class Copy>
  double seconds(const Copy& copy) const {
    return seconds_of([&] {
      cpu::parallel(kFloats / kPiece, [&](std::int64_t i) {
        copy(from_.data<float>() + i * kPiece, to_.data<float>() + i * kPiece, kPiece * sizeof(float));
      });
    });
  }

  static Tensor buffer(int which) {  // lines of zeros alone may be stored faster
    static const Tensor buffers[] = {random({kFloats}), random({kFloats})};
    return buffers[which];
  }

  Tensor from_ = buffer(0), to_ = buffer(1);
  double plain_ = 1e9, streaming_ = 1e9, fill_ = 1e9;
};

}  // namespace

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void measure(const std::string& name, const std::function<Pass()>& make) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [=](benchmark::State& state) {
                                 const Pass pass = make();
                                 Copies copies;
                                 pass.run();
                                 copies.repeat();
                                 double best = 1e9;
                                 int turn = 0;
                                 for (auto _ : state) {
                                   const double seconds = seconds_of(pass.run);
                                   state.SetIterationTime(seconds);
                                   best = std::min(best, seconds);
                                   if (turn++ < kTurns) copies.repeat();
                                 }
                                 const double bandwidth = pass.bytes / best;
                                 state.counters["GB/s"] = 1e-9 * bandwidth;
                                 state.counters["of_copy"] = bandwidth / copies.plain_bandwidth();
                                 state.counters["of_streaming"] = bandwidth / copies.streaming_bandwidth();
                                 if (pass.written > 0)
                                   state.counters["of_fill"] = pass.written / best / copies.fill_bandwidth();
                               })
      ->UseManualTime()
      ->Unit(benchmark::kMicrosecond);
}

double bytes_of(std::initializer_list<Tensor> tensors) {
  double sum = 0;
  for (const Tensor& x : tensors) sum += static_cast<double>(x.bytes());
  return sum;
}

Tensor random(Shape shape) {
  constexpr std::int64_t kNumbers = 1 << 16;
  Rng rng(1, Purpose::test);
  const Tensor x = empty(shape);
  float* const to = x.data<float>();
  for (std::int64_t i = 0; i < std::min(kNumbers, x.numel()); ++i) to[i] = rng.uniform(-1, 1);
  for (std::int64_t i = kNumbers; i < x.numel(); i += kNumbers)
    std::copy_n(to, std::min(kNumbers, x.numel() - i), to + i);
  return x;
}

}  // namespace s4l::bench
