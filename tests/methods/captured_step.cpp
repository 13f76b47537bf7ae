#include "s4l/methods/training/captured_step.h"

#include <catch2/catch.hpp>

#include "s4l/core/device/memory_pool.h"
#include "s4l/core/ops/fill.h"
#include "s4l/core/ops/update.h"

using namespace s4l;
using namespace s4l::methods;

TEST_CASE("a step is taken twice as it stands, then recorded, then replayed, each time with its own batch") {
  for (const Device& device : devices()) {
    CapturedStep step;
    const Tensor sum = zeros({2}, DType::f32, device);
    int calls = 0;
    const auto work = [&](const data::Batch& batch, Metrics& metrics) {
      ++calls;
      add_(sum, batch.labels);
      metrics.put("sum", sum);
    };
    for (float i = 1; i <= 5; ++i) {
      data::Batch batch;
      batch.labels = from_values(std::vector<float>{i, 10 * i}, {2}, device);
      Metrics metrics;
      step.run(batch, work, metrics);
      const float expected = i * (i + 1) / 2;
      CHECK(values_of<float>(metrics.values().at(0).second) == std::vector{expected, 10 * expected});
    }
    CHECK(calls == (device == kCpu ? 5 : 3));
  }
}

TEST_CASE("a recorded step's batch holds none of the memory that the steps before it have left") {
  constexpr std::int64_t kMiB = 1 << 20;
  for (const Device& device : devices()) {
    if (device == kCpu) continue;
    const auto reserved = [&] { return static_cast<std::int64_t>(runtime(device).memory_use().reserved); };
    CapturedStep step;
    data::Batch batch;
    batch.labels = zeros({20 * kMiB}, DType::u8, device);
    runtime(device).capture(compute_stream(device), [] {});  // what nobody uses goes back
    const std::int64_t before = reserved();
    Metrics metrics;
    const auto work = [&](const data::Batch&, Metrics&) { empty({200 * kMiB}, DType::u8, device); };
    for (int i = 0; i < 3; ++i) step.run(batch, work, metrics);
    CHECK(reserved() - before < 300 * kMiB);
  }
}
