// Every device's runtime: streams, events, copies, capture.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>

#include "s4l/core/device/runtime.h"
#include "s4l/core/error.h"
#include "s4l/core/ops/fill.h"
#include "s4l/core/ops/update.h"
#include "s4l/core/tensor.h"

using namespace s4l;

TEST_CASE("the CPU is the first device, and a build with CUDA that found no GPU says why in one line") {
  CHECK(devices().front() == kCpu);
  const bool gpu = devices().size() > 1;
#ifdef S4L_WITH_CUDA
  CHECK(why_no_gpu().empty() == gpu);
  if (!gpu) CHECK_THAT(why_no_gpu(), Catch::StartsWith("cudaGetDeviceCount: cudaError"));
  CHECK(why_no_gpu().find('\n') == std::string::npos);
#else
  CHECK_FALSE(gpu);
  CHECK(why_no_gpu().empty());
#endif
  if (!gpu) CHECK(default_device() == kCpu);
}

TEST_CASE("numbers go to every device and come back") {
  for (const Device& device : devices()) {
    INFO(to_text(device));
    Runtime& there = runtime(device);
    CHECK_FALSE(there.description().empty());
    const std::vector<float> values{1, 2, 3, 4};
    const Tensor x = from_values(values, {4}, device), y = empty({4}, DType::f32, device);
    copy_(y, x);
    CHECK(values_of<float>(y) == values);
    CHECK(values_of<float>(to(y, kCpu)) == values);
    CHECK(values_of<float>(to(to(y, kCpu), device)) == values);
    CHECK(values_of<float>(zeros({3}, DType::f32, device)) == std::vector<float>(3));
    CHECK(item(full({1}, 2.5, DType::f64, device)) == 2.5);
  }
}

TEST_CASE("host memory may change as soon as a copy from it is queued, however many are") {
  for (const Device& device : devices())
    for (const std::int64_t n : {1, 6, 1000, 20000}) {
      INFO(n << " numbers to " << to_text(device));
      std::vector<Tensor> copies;
      for (int i = 0; i < (n == 1000 ? 600 : 40); ++i) {  // 600: more than are held at a time
        copies.push_back(empty({n}, DType::f32, device));
        std::vector<float> source(static_cast<std::size_t>(n), static_cast<float>(i));
        runtime(device).copy(copies.back().raw(), source.data(), copies.back().bytes(), compute_stream(device));
        std::fill(source.begin(), source.end(), -1.0f);
      }
      bool same = true;
      for (std::size_t i = 0; i < copies.size(); ++i)
        same = same &&
               values_of<float>(copies[i]) == std::vector<float>(static_cast<std::size_t>(n), static_cast<float>(i));
      CHECK(same);
    }
}

TEST_CASE("what one stream copies another finds after its event") {
  for (const Device& device : devices()) {
    Runtime& there = runtime(device);
    const Stream compute = there.compute_stream(), copying = there.copy_stream();
    const std::vector<float> values{5, 6};
    const Tensor x = empty({2}, DType::f32, device), y = empty({2}, DType::f32, device);
    const auto staging = there.host_memory(x.bytes());
    const void* source = values.data();
    if (staging != nullptr) source = std::memcpy(staging.get(), values.data(), x.bytes());
    there.wait(copying, there.record(compute));  // for which x was allocated
    there.copy(x.raw(), source, x.bytes(), copying);
    there.wait(compute, there.record(copying));
    there.copy(y.raw(), x.raw(), x.bytes(), compute);
    CHECK(values_of<float>(y) == values);
    there.wait(compute, Event());  // never recorded: no wait
    there.synchronize(copying);
  }
}

TEST_CASE("memory given back does not count as in use") {
  for (const Device& device : devices()) {
    Runtime& there = runtime(device);
    there.synchronize(there.compute_stream());
    const std::size_t before = there.memory_use().current;
    {
      const Tensor x = empty({1000}, DType::f32, device);
      CHECK(there.memory_use().current >= before + 4000);
      CHECK(there.memory_use().peak >= before + 4000);
    }
    CHECK(there.memory_use().current == before);
  }
}

TEST_CASE("work captured once is done again by a replay, with the same addresses and other numbers") {
  for (const Device& device : devices()) {
    INFO(to_text(device));
    const Stream stream = compute_stream(device);
    const Tensor x = full({8}, 1, DType::f32, device), sum = zeros({8}, DType::f32, device);
    Tensor last;
    const auto graph = runtime(device).capture(stream, [&] {
      const Tensor doubled = empty_like(x);
      copy_(doubled, x);
      add_(doubled, x);
      add_(sum, doubled);
      last = doubled;
    });
    CHECK(values_of<float>(sum) == std::vector<float>(8, 2));
    copy_(x, full({8}, 10, DType::f32, device));
    graph->replay();
    const Tensor other = full({8}, 77, DType::f32, device);  // must not fall on what the graph uses
    graph->replay();
    CHECK(values_of<float>(sum) == std::vector<float>(8, 42));
    CHECK(values_of<float>(last) == std::vector<float>(8, 20));
    CHECK(values_of<float>(other) == std::vector<float>(8, 77));
  }
}

TEST_CASE("a capture that would wait for the device or copy from the host is an error, and the next one works") {
  for (const Device& device : devices()) {
    if (device == kCpu) continue;  // does all at once
    const Stream stream = compute_stream(device);
    const Tensor x = full({4}, 1, DType::f32, device);
    const auto capture = [&](const std::function<void()>& work) { runtime(device).capture(stream, work); };
    CHECK_THROWS_AS(capture([&] { values_of<float>(x); }), Error);
    CHECK_THROWS_AS(capture([&] { from_values(std::vector<float>(4), {4}, device); }), Error);
    capture([&] { add_(x, x); });
    CHECK(values_of<float>(x) == std::vector<float>(4, 2));
  }
}

TEST_CASE("memory that ends is an error of its kind") {
  for (const Device& device : devices()) {
    if (device == kCpu) continue;
    try {
      empty({std::int64_t{1} << 44}, DType::f32, device);
      FAIL("expected an error");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::memory);
      CHECK_THAT(error.what(), Catch::Contains("expected"));
    }
  }
}
