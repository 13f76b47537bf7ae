// The memory of a device's tensors: when it is whose.
#include <catch2/catch.hpp>
#include <cmath>
#include <thread>

#include "s4l/core/device/memory_pool.h"
#include "s4l/core/error.h"
#include "s4l/core/ops/add.h"
#include "s4l/core/ops/fill.h"
#include "s4l/core/ops/update.h"
#include "s4l/tests/kernels/device_case.h"
#ifdef S4L_EMULATED
#include "s4l/kernels/cuda/last_block.cuh"
#include "s4l/kernels/emulated/device_memory.h"
#include "s4l/kernels/emulated/streams.h"
#endif

using namespace s4l;
using namespace s4l::test;

TEST_CASE("what is queued reads a tensor's numbers, though it is gone and another has its memory") {
  Tensor x = full({5000}, 3, DType::f32, kCuda);
  const void* const where = x.raw();
  const Tensor sum = x + x;
  x = Tensor();
  const Tensor y = full({5000}, 7, DType::f32, kCuda);
#ifdef S4L_EMULATED
  const bool reused = reuse_memory() && !emulated::memory_is_heap();
#else
  const bool reused = reuse_memory();
#endif
  if (reused) CHECK(y.raw() == where);
  CHECK(values_of<float>(sum) == std::vector<float>(5000, 6));
  CHECK(values_of<float>(y) == std::vector<float>(5000, 7));
}

#ifdef S4L_EMULATED
TEST_CASE("the played device's memory is NaN when it is taken, and no argument once it is given back") {
  const void* gone = nullptr;
  {
    const Tensor x = full({600}, 1, DType::f32, kCuda);
    CHECK(emulated::is_device_memory(x.raw(), x.bytes()));
    gone = x.raw();
  }
  CHECK_FALSE(emulated::is_device_memory(gone));  // though the stream has not come so far
  bool all = true;
  for (const float value : values_of<float>(empty({600}, DType::f32, kCuda))) all = all && std::isnan(value);
  CHECK(all);
}

TEST_CASE("a replay finds NaN in what it takes, not the numbers of the one before") {
  const Tensor seen = zeros({8}, DType::f32, kCuda), ones = full({8}, 1, DType::f32, kCuda);
  const auto graph = runtime(kCuda).capture(compute_stream(kCuda), [&] {
    const Tensor fresh = empty({8}, DType::f32, kCuda);
    copy_(seen, fresh);
    copy_(fresh, ones);
  });
  graph->replay();
  CHECK(std::isnan(values_of<float>(seen)[0]));
}

TEST_CASE("a tensor that a graph reads keeps its numbers for the replays, though it goes in the capture") {
  const Tensor sum = zeros({8}, DType::f32, kCuda);
  Tensor read = full({8}, 1, DType::f32, kCuda);
  const auto graph = runtime(kCuda).capture(compute_stream(kCuda), [&] {
    add_(sum, read);
    read = Tensor();
  });
  graph->replay();
  CHECK(values_of<float>(sum) == std::vector<float>(8, 2));
}

TEST_CASE("a graph that goes while another is recorded gives nothing back into the recording") {
  const Tensor sum = zeros({8}, DType::f32, kCuda), ones = full({8}, 1, DType::f32, kCuda);
  const auto step = [&] { add_(sum, ones + ones); };
  auto gone = runtime(kCuda).capture(compute_stream(kCuda), step);
  const auto graph = runtime(kCuda).capture(compute_stream(kCuda), [&] {
    step();
    gone.reset();
    step();
  });
  for (int i = 0; i < 2; ++i) graph->replay();
  CHECK(values_of<float>(sum) == std::vector<float>(8, 2 + 3 * 4));
}

TEST_CASE("what another thread allocates during a capture is no part of the graph") {
  const Tensor ones = full({8}, 1, DType::f32, kCuda);
  Tensor others;
  auto graph = runtime(kCuda).capture(compute_stream(kCuda), [&] {
    std::thread([&] { others = empty({8}, DType::f32, kCuda); }).join();
    add_(ones, ones);
  });
  copy_(others, full({8}, 5, DType::f32, kCuda));
  graph->replay();
  CHECK(values_of<float>(others) == std::vector<float>(8, 5));
}

TEST_CASE("what is no part of a recording is left out of it, whoever submits it") {
  emulated::Streams streams;
  void *const a = streams.make(), *const b = streams.make();
  int done = 0;
  const auto submit = [&] {
    streams.submit_unless_captured(a, [&] { done += 10; });
    streams.submit_unless_captured(b, [&] { ++done; });
  };
  streams.begin_capture(a);
  submit();
  std::thread(submit).join();
  CHECK(streams.end_capture().empty());
  streams.synchronize(a);
  streams.synchronize(b);
  CHECK(done == 2);
  submit();
  streams.synchronize(a);
  CHECK(done >= 12);
}

TEST_CASE("memory that the played device's pool gives back for a larger block is there for that block") {
  if (emulated::memory_is_heap()) return;  // which has no such limit
  constexpr std::int64_t kMiB = 1 << 20;
  void* const others = emulated::take_memory(emulated::free_memory() - 48 * kMiB);
  REQUIRE(others != nullptr);
  empty({40 * kMiB}, DType::u8, kCuda);
  CHECK(empty({45 * kMiB}, DType::u8, kCuda).numel() == 45 * kMiB);
  emulated::give_memory(others);
}

TEST_CASE("the allocation that a test picks fails as it does where memory ends") {
  const Tensor held = empty({1 << 20}, DType::f32, kCuda);
  emulated::fail_allocation(2);
  empty({8}, DType::f32, kCuda);
  CHECK_THROWS_WITH(empty({1 << 19}, DType::f32, kCuda),
                    Catch::StartsWith("memory of cuda:0: expected 2.0 MiB more, got none; tensors hold ") &&
                        Catch::Contains("are kept for them, ") && Catch::EndsWith(" are free"));
  empty({1 << 19}, DType::f32, kCuda);
}

TEST_CASE("counters that are first needed in a capture, which then fails, are at 0 all the same") {
  std::shared_ptr<Storage> counters;
  const auto broken_off = [&] {
    counters = cuda::make_block_counters(kCuda);
    fail(ErrorKind::usage, "not recorded");
  };
  CHECK_THROWS_WITH(runtime(kCuda).capture(compute_stream(kCuda), broken_off), "not recorded");
  std::vector<unsigned> values(cuda::kBlockCounters, 1);
  runtime(kCuda).copy(values.data(), counters->memory(), counters->bytes(), compute_stream(kCuda));
  runtime(kCuda).synchronize(compute_stream(kCuda));
  CHECK(values == std::vector<unsigned>(cuda::kBlockCounters, 0));
}
#endif
