// The emulated device's memory, launches and streams.
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <csignal>
#include <thread>

#include "buffer.h"
#include "s4l/core/error.h"
#include "s4l/core/sanitizer.h"
#include "s4l/kernels/cuda/portable.h"
#include "s4l/kernels/emulated/streams.h"

namespace {

namespace emulated = s4l::emulated;

__global__ void add(float* x, float value) { x[blockIdx.x * blockDim.x + threadIdx.x] += value; }
__global__ void approximate(float* y) { y[threadIdx.x] = __expf(static_cast<float>(threadIdx.x) / 8); }

std::string message_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const s4l::Error& error) {
    return error.what();
  }
  return "";
}

void launch_add(dim3 grid, dim3 block, std::size_t shared, float* x) {
  S4L_LAUNCH(add, grid, block, shared, nullptr, x, 1.0f);
}

}  // namespace

TEST_CASE("fresh device memory is NaN, and what was given back cannot be an argument") {
  float* gone = nullptr;
  {
    const Buffer<float> x(std::size_t{9});
    for (const float value : x.host()) CHECK(std::isnan(value));
    gone = x.data();
  }
  CHECK(message_of([&] { launch_add(1, 1, 0, gone); }) ==
        "kernel add: expected a pointer to live device memory as argument 1, got another");
  float host = 0;
  CHECK(message_of([&] { launch_add(1, 1, 0, &host); }).find("live device memory") != std::string::npos);
}

TEST_CASE("the device's memory ends, and only what was taken can be given back") {
  const std::size_t before = emulated::free_memory();
  CHECK(emulated::take_memory(before + 1) == nullptr);
  void* memory = emulated::take_memory(5000);
  CHECK(emulated::free_memory() == before - 5000);
  emulated::give_memory(memory);
  CHECK(emulated::free_memory() == before);
  CHECK(message_of([&] { emulated::give_memory(memory); }).find("to free") != std::string::npos);
}

TEST_CASE("what lies between blocks is nobody's, and blocks never share a byte") {
  auto* const memory = static_cast<char*>(emulated::take_memory(4096));
  emulated::begin_block(memory + 1024, 1024);
  emulated::begin_block(memory + 2048, 0);
  CHECK(emulated::is_device_memory(memory + 1024, 1024));
  CHECK(emulated::is_device_memory(memory + 2047, 1));
  CHECK(emulated::is_device_memory(memory + 2048));
  CHECK_FALSE(emulated::is_device_memory(memory + 1024, 1025));
  CHECK_FALSE(emulated::is_device_memory(memory + 1023));
  CHECK_FALSE(emulated::is_device_memory(memory + 2049));
  CHECK_FALSE(emulated::is_device_memory(memory + 2048, 1));
  for (const int at : {1023, 1024, 2047})
    CHECK(message_of([&] { emulated::begin_block(memory + at, 2); }).find("in common") != std::string::npos);
  emulated::end_block(memory + 1024);
  CHECK_FALSE(emulated::is_device_memory(memory + 1024));
  CHECK(message_of([&] { emulated::end_block(memory + 1024); }).find("in use") != std::string::npos);
  emulated::end_block(memory + 2048);
  emulated::give_memory(memory);
}

TEST_CASE("launches that CUDA refuses are refused, with the limit and the value") {
  const Buffer<float> x(std::vector<float>(2048));
  const auto refused = [&](dim3 grid, dim3 block, std::size_t shared) {
    return message_of([&] { launch_add(grid, block, shared, x.data()); });
  };
  CHECK(refused(1, 1025, 0) == "kernel add: expected 1 to 1024 threads in a block, got 1025");
  CHECK(refused(1, dim3(1, 1, 65), 0) == "kernel add: expected at most 64 threads in z, got 65");
  CHECK(refused(dim3(1, 65536), 1, 0).find("65535") != std::string::npos);
  CHECK(refused(0, 1, 0).find("grid") != std::string::npos);
  CHECK(refused(1, 1, 233'000) == "kernel add: expected at most 232448 bytes of shared memory, got 233000");
  CHECK(refused(1, 1, 49'153) ==
        "kernel add: expected at most the 49152 bytes of dynamic shared memory that it was allowed, got 49153");
  CHECK(refused(2, 1024, 49'152).empty());
  CHECK(x.host() == std::vector<float>(2048, 1));
}

TEST_CASE("a kernel may have the dynamic shared memory that it was allowed, and no other kernel may") {
  const Buffer<float> y(std::size_t{32});
  const auto refused = [&](std::size_t shared) {
    return message_of([&] { S4L_LAUNCH(approximate, dim3(1), dim3(32), shared, nullptr, y.data()); });
  };
  emulated::raise_shared_limit(reinterpret_cast<const void*>(approximate), 100'000);
  CHECK(refused(100'000).empty());
  CHECK(refused(100'001).find("at most the 100000 bytes") != std::string::npos);
  CHECK(message_of([&] { launch_add(1, 1, 100'000, y.data()); }).find("at most the 49152") != std::string::npos);
  CHECK(message_of([] { emulated::raise_shared_limit(nullptr, 232'449); }) ==
        "expected to allow at most 232448 bytes of dynamic shared memory, got 232449");
}

#if !S4L_ADDRESS_SANITIZER
TEST_CASE("host code that reads device memory crashes at once") {
  const Buffer<float> x(std::vector<float>{1});
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGSEGV, SIG_DFL);
    ::_exit(*static_cast<volatile float*>(x.data()) > 0 ? 1 : 2);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK((!WIFEXITED(status) || WEXITSTATUS(status) > 2));
}
#endif

TEST_CASE("approximate functions stray where that is asked for, within what CUDA documents") {
  const auto run = [] {
    const Buffer<float> y(std::size_t{32});
    S4L_LAUNCH(approximate, dim3(1), dim3(32), 0, nullptr, y.data());
    return y.host();
  };
  const std::vector<float> exact = run();
  emulated::options().inexact = true;
  const std::vector<float> strayed = run();
  emulated::options() = {};
  int different = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    different += exact[i] != strayed[i];
    CHECK(std::fabs(exact[i] - strayed[i]) <= (2 + 1.173f * static_cast<float>(i) / 8 + 0.5f) * 0x1p-23f * exact[i]);
  }
  CHECK(different > 10);
}

TEST_CASE("streams do nothing before they must, and events order them") {
  emulated::Streams streams;
  void* a = streams.make();
  void* b = streams.make();
  std::string text;
  streams.submit(a, [&] { text += "a"; });
  const auto event = streams.record(a);
  streams.wait(b, event);
  streams.submit(b, [&] { text += "b"; });
  CHECK(text.empty());
  streams.synchronize(b);
  CHECK(text == "ab");
}

TEST_CASE("a forgotten wait shows for some seed") {
  int early = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    emulated::Streams streams;
    streams.set_seed(seed);
    void* a = streams.make();
    void* b = streams.make();
    std::string text;
    streams.submit(a, [&] { text += "a"; });
    streams.submit(b, [&] { text += "b"; });
    streams.synchronize(b);
    early += text == "b";
  }
  CHECK(early > 3);
  CHECK(early < 17);
}

TEST_CASE("a thread records alone what it captures") {
  emulated::Streams streams;
  void* a = streams.make();
  void* b = streams.make();
  int done = 0;
  streams.begin_capture(a);
  streams.submit(a, [&] { ++done; });
  CHECK(streams.capturing());
  std::thread([&] {
    CHECK_FALSE(streams.capturing());
    CHECK(streams.captured(a));
    CHECK_FALSE(streams.captured(b));
    CHECK(message_of([&] { streams.submit(a, [] {}); }).find("another thread") != std::string::npos);
    streams.submit(b, [&] { done += 10; });
    streams.synchronize(b);
  }).join();
  CHECK(streams.end_capture().size() == 1);
  CHECK_FALSE(streams.captured(a));
  CHECK(done == 10);
}

TEST_CASE("streams of which none can go on are an error, not a hang") {
  emulated::Streams streams;
  void* a = streams.make();
  void* b = streams.make();
  const auto never = [&] {
    emulated::Streams other;
    return other.record(other.make());  // its stream never runs
  }();
  streams.wait(b, never);
  streams.wait(a, streams.record(b));
  CHECK(message_of([&] { streams.synchronize(a); }).find("wait for each other") != std::string::npos);
}
