#include "s4l/kernels/cpu/parallel.h"

#include <catch2/catch.hpp>
#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include "s4l/core/device/runtime.h"
#include "s4l/core/error.h"
#include "s4l/kernels/cpu/scratch.h"

using namespace s4l;

namespace {

/// Sets the number of threads for a scope.
struct Threads {
  explicit Threads(int n) { set_num_threads(n); }
  ~Threads() { set_num_threads(0); }
};

}  // namespace

TEST_CASE("parallel runs every task once, for any number of threads") {
  for (int threads : {1, 2, 3, 7}) {
    const Threads scope(threads);
    for (std::int64_t tasks : {0, 1, 2, 31, 1025}) {
      std::vector<std::atomic<int>> ran(static_cast<std::size_t>(tasks));
      cpu::parallel(tasks, [&](std::int64_t i) { ++ran[static_cast<std::size_t>(i)]; });
      for (const auto& count : ran) REQUIRE(count == 1);
    }
  }
}

TEST_CASE("parallel_blocks covers the range with blocks that do not depend on the threads") {
  for (int threads : {1, 3}) {
    const Threads scope(threads);
    for (std::int64_t n : {0, 1, 31, 32, 33, 1025}) {
      std::vector<std::atomic<int>> ran(static_cast<std::size_t>(n));
      cpu::parallel_blocks(n, 32, [&](std::int64_t begin, std::int64_t end) {
        if (begin % 32 != 0 || (end != begin + 32 && end != n)) throw std::logic_error("a block moved");
        for (std::int64_t i = begin; i < end; ++i) ++ran[static_cast<std::size_t>(i)];
      });
      for (const auto& count : ran) REQUIRE(count == 1);
    }
  }
}

TEST_CASE("an exception of a task reaches the caller, and the pool works on") {
  const Threads scope(3);
  for (std::int64_t bad : {0, 50, 99}) {
    CHECK_THROWS_WITH(cpu::parallel(100, [&](std::int64_t i) { check(i != bad, "task {} failed", i); }),
                      "task " + std::to_string(bad) + " failed");
    std::atomic<int> ran{0};
    cpu::parallel(100, [&](std::int64_t) { ++ran; });
    CHECK(ran == 100);
  }
}

TEST_CASE("a call from within a task runs on its thread") {
  const Threads scope(3);
  std::atomic<int> ran{0}, elsewhere{0};
  cpu::parallel(8, [&](std::int64_t) {
    const auto here = std::this_thread::get_id();
    cpu::parallel(16, [&](std::int64_t) {
      ++ran;
      if (std::this_thread::get_id() != here) ++elsewhere;
    });
  });
  CHECK(ran == 8 * 16);
  CHECK(elsewhere == 0);
}

TEST_CASE("threads that call at the same time all get their work done") {
  const Threads scope(3);
  std::atomic<int> ran{0};
  std::vector<std::thread> callers;
  for (int t = 0; t < 4; ++t)
    callers.emplace_back([&] {
      for (int k = 0; k < 50; ++k) cpu::parallel(10, [&](std::int64_t) { ++ran; });
    });
  for (std::thread& caller : callers) caller.join();
  CHECK(ran == 4 * 50 * 10);
}

TEST_CASE("set_num_threads takes 0 for all cores and names what it refuses") {
  set_num_threads(0);
  CHECK(num_threads() == available_cores());
  CHECK(available_cores() >= 1);
  CHECK_THROWS_WITH(set_num_threads(-1), Catch::Contains("got -1"));
}

TEST_CASE("scratch belongs to one task at a time, whatever its size and nesting, and is used again") {
  const Threads scope(3);
  std::size_t held = 0;
  for (int round = 0; round < 3; ++round) {
    for (std::int64_t floats : {0, 1, 1000, 5000}) {
      std::atomic<int> torn{0};
      cpu::parallel(64, [&](std::int64_t i) {
        const cpu::Scratch outer(floats), inner(2 * floats + 1);
        const auto value = static_cast<float>(i);
        std::fill_n(outer.data(), floats, value);
        std::fill_n(inner.data(), 2 * floats + 1, -value);
        torn += static_cast<int>(std::count(outer.data(), outer.data() + floats, value) != floats);
        torn += static_cast<int>(std::count(inner.data(), inner.data() + 2 * floats + 1, -value) != 2 * floats + 1);
      });
      CHECK(torn == 0);
    }
    if (round == 1) held = runtime(kCpu).memory_use().current;
  }
  CHECK(runtime(kCpu).memory_use().current == held);
}

TEST_CASE("tasks cut their scratch from slices of the threads, and ask the runtime for nothing more") {
  const Threads scope(3);
  const auto take_scratch = [] {
    std::atomic<int> asked{0};
    cpu::parallel(64, [&](std::int64_t) {
      const std::size_t before = runtime(kCpu).memory_use().current;
      const cpu::Scratch scratch(20000);
      asked += runtime(kCpu).memory_use().current != before;
    });
    return asked.load();
  };
  take_scratch();  // tells how much they want
  CHECK(take_scratch() == 0);
}
