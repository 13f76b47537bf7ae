#include "s4l/core/device/memory_pool.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>

#include "s4l/core/rng.h"

using namespace s4l;

namespace {

constexpr std::size_t kMiB = 1 << 20;
constexpr Device kDevice{Device::Kind::cuda, 0};

/// A device with so many bytes, which must come back piece by piece.
struct Source {
  explicit Source(std::size_t bytes) : left(bytes) {}
  std::size_t left;
  std::map<void*, std::size_t> given;
  MemorySource functions() {
    return {[this](std::size_t bytes) -> void* {
              if (bytes > left) return nullptr;
              left -= bytes;
              void* memory = ::operator new (bytes, std::align_val_t{512});
              given[memory] = bytes;
              return memory;
            },
            [this](void* memory) { take_back(memory); }, [this] { return left; }};
  }
  void take_back(void* memory) {
    left += given.at(memory);
    given.erase(memory);
    ::operator delete (memory, std::align_val_t{512});
  }
  ~Source() {
    while (!given.empty()) take_back(given.begin()->first);
  }
};

}  // namespace

TEST_CASE("a block given back serves the next request, of another size too") {
  Source source(100 * kMiB);
  MemoryPool pool(kDevice, source.functions());
  void* a = pool.take(4 * kMiB);
  void* b = pool.take(4 * kMiB);
  pool.give(a, 4 * kMiB);
  CHECK(pool.take(4 * kMiB) == a);
  pool.give(b, 4 * kMiB);
  pool.give(a, 4 * kMiB);
  const std::size_t reserved = pool.use().reserved;
  void* const c = pool.take(3 * kMiB);
  CHECK((c == a || c == b));
  CHECK(pool.use().reserved == reserved);
  CHECK(pool.use().current == 3 * kMiB);
  CHECK(pool.use().peak == 8 * kMiB);
}

TEST_CASE("live blocks never overlap, whatever the order of requests") {
  Source source(200 * kMiB);
  MemoryPool pool(kDevice, source.functions());
  Rng rng(5, Purpose::test);
  std::map<std::byte*, std::size_t> live;
  for (int i = 0; i < 3000; ++i) {
    if (live.size() > 40 || (!live.empty() && rng.below(2) == 0)) {
      const auto chosen = std::next(live.begin(), rng.below(static_cast<std::int64_t>(live.size())));
      pool.give(chosen->first, chosen->second);
      live.erase(chosen);
    } else {
      const auto bytes = static_cast<std::size_t>(rng.below(rng.below(4) == 0 ? 3 * kMiB : 5000));
      auto* const block = static_cast<std::byte*>(pool.take(bytes));
      CHECK(reinterpret_cast<std::uintptr_t>(block) % 512 == 0);
      const auto next = live.lower_bound(block);
      REQUIRE((next == live.end() || block + bytes <= next->first));
      if (next != live.begin()) REQUIRE(std::prev(next)->first + std::prev(next)->second <= block);
      REQUIRE(live.emplace(block, bytes).second);
      std::memset(block, i, bytes);  // the sanitizer sees what lies outside of the source's segments
    }
  }
}

TEST_CASE("where the device has no more, what nobody uses goes back first; then the error says what there is") {
  Source source(64 * kMiB);
  MemoryPool pool(kDevice, source.functions());
  pool.give(pool.take(40 * kMiB), 40 * kMiB);
  void* const a = pool.take(50 * kMiB);  // more than is left beside the 40
  CHECK(pool.use().reserved == 50 * kMiB);
  CHECK_THROWS_WITH(pool.take(30 * kMiB),
                    "memory of cuda:0: expected 30.0 MiB more, got none; tensors hold 50.0 MiB, "
                    "0 bytes are kept for them, 14.0 MiB are free");
  pool.give(a, 50 * kMiB);
  CHECK(pool.take(30 * kMiB) != nullptr);
}

TEST_CASE("small blocks come from what the large leave, and large from what the small leave, where nothing else is") {
  Source source(40 * kMiB);
  MemoryPool pool(kDevice, source.functions());
  void* const large = pool.take(20 * kMiB);
  void* const small = pool.take(512);
  CHECK(source.left == 0);
  void* const among_large = pool.take(7 * kMiB);
  void* const among_small = pool.take(7 * kMiB);
  void* const last = pool.take(kMiB);  // the large have 5 left, the small less than this
  CHECK_THROWS_WITH(pool.take(5 * kMiB), Catch::Contains("expected 5.0 MiB more"));
  pool.give(last, kMiB);
  pool.give(among_small, 7 * kMiB);
  pool.give(among_large, 7 * kMiB);
  pool.give(small, 512);
  pool.give(large, 20 * kMiB);
  CHECK(pool.use().current == 0);
  CHECK(pool.take(32 * kMiB) == large);
}

TEST_CASE("a size near the end of the address space is refused, not rounded to a small block") {
  Source source(100 * kMiB);
  for (const bool reuse : {true, false}) {
    MemoryPool pool(kDevice, source.functions(), reuse);
    for (const std::size_t bytes : {std::size_t{1} << 62, std::size_t{1} << 63, ~std::size_t{0}})
      CHECK_THROWS_WITH(pool.take(bytes), Catch::StartsWith("memory of cuda:0: expected "));
  }
}

TEST_CASE("a graph's memory serves nobody else before the graph is gone") {
  Source source(200 * kMiB);
  MemoryPool pool(kDevice, source.functions());
  void* const outside = pool.take(2 * kMiB);
  const int graph = pool.begin_capture();
  void* const inside = pool.take(2 * kMiB);
  pool.give(inside, 2 * kMiB);
  CHECK(pool.take(2 * kMiB) == inside);  // the graph's own work follows in order
  pool.give(outside, 2 * kMiB);
  void* const kept = pool.take(2 * kMiB);
  CHECK(kept != outside);  // a replay reads it again
  pool.end_capture();
  pool.give(inside, 2 * kMiB);

  std::vector<void*> later;
  for (int i = 0; i < 5; ++i) later.push_back(pool.take(2 * kMiB));
  for (void* block : later) CHECK((block != inside && block != outside));
  for (void* block : later) pool.give(block, 2 * kMiB);

  pool.release(graph, nullptr);
  pool.give(kept, 2 * kMiB);
  const std::size_t reserved = pool.use().reserved;
  CHECK(pool.use().current == 0);
  pool.take(4 * kMiB);
  CHECK(pool.use().reserved == reserved);
}

TEST_CASE("captures do not nest") {
  Source source(kMiB);
  MemoryPool pool(kDevice, source.functions());
  pool.begin_capture();
  CHECK_THROWS_WITH(pool.begin_capture(), Catch::Contains("one at a time"));
}

TEST_CASE("only the thread that captures takes for the graph; what others give back in the meantime stays for it") {
  Source source(200 * kMiB);
  MemoryPool pool(kDevice, source.functions());
  void* const read = pool.take(2 * kMiB);
  void *inside = nullptr, *other = nullptr;
  {
    GraphMemory graph(pool);
    inside = pool.take(2 * kMiB);
    std::thread([&] {
      other = pool.take(2 * kMiB);
      pool.give(read, 2 * kMiB);
    }).join();
    graph.recorded();
    pool.give(other, 2 * kMiB);
    CHECK(pool.take(2 * kMiB) == other);  // nobody's but that thread's
    pool.give(inside, 2 * kMiB);
    for (int i = 0; i < 20; ++i) {
      void* const later = pool.take(2 * kMiB);
      CHECK((later != inside && later != read));
    }
  }
  bool again = false;
  for (int i = 0; i < 40 && !again; ++i) again = pool.take(2 * kMiB) == inside;
  CHECK(again);
}

TEST_CASE("a capture that is broken off gives its memory back") {
  Source source(100 * kMiB);
  MemoryPool pool(kDevice, source.functions());
  {
    const GraphMemory graph(pool);
    pool.give(pool.take(40 * kMiB), 40 * kMiB);
  }
  const GraphMemory next(pool);
  CHECK(pool.use().reserved == 0);
}

TEST_CASE("without reuse each block is memory of its own, of the bytes asked, and goes back at once") {
  Source source(100 * kMiB);
  MemoryPool pool(kDevice, source.functions(), false);
  void* const a = pool.take(700);
  void* const none = pool.take(0);
  CHECK(source.given.at(a) == 700);
  CHECK(source.given.at(none) == 1);
  CHECK(pool.use().current == 701);
  CHECK(pool.use().reserved == 701);
  pool.give(a, 700);
  pool.give(none, 0);
  CHECK(source.given.empty());
  CHECK(pool.use().current == 0);
  CHECK(pool.use().peak == 701);
  CHECK_THROWS_WITH(pool.take(200 * kMiB), Catch::StartsWith("memory of cuda:0: expected 200.0 MiB more, got none"));
}

TEST_CASE("without reuse, too, a block goes back only when no graph can read it") {
  Source source(100 * kMiB);
  MemoryPool pool(kDevice, source.functions(), false);
  void* const outside = pool.take(100);
  void* const twice = pool.take(300);
  auto first = std::make_unique<GraphMemory>(pool);
  void* const inside = pool.take(100);
  pool.give(inside, 100);
  CHECK(pool.take(100) != inside);  // no reuse in a graph either
  pool.give(outside, 100);
  void* const kept = pool.take(200);
  first->recorded();
  CHECK(source.given.size() == 5);
  auto second = std::make_unique<GraphMemory>(pool);
  pool.give(kept, 200);  // the second may read it, the first writes it
  pool.give(twice, 300);
  second->recorded();
  second.reset();
  CHECK(source.given.count(twice) == 0);
  CHECK(source.given.count(kept) == 1);
  first.reset();
  CHECK(source.given.size() == 1);  // the one that is still in use
  CHECK(pool.use().current == 100);
}

TEST_CASE("a graph that goes while another is recorded goes when that is done, what replays before its memory") {
  Source source(100 * kMiB);
  MemoryPool pool(kDevice, source.functions(), false);
  auto first = std::make_unique<GraphMemory>(pool);
  pool.give(pool.take(100), 100);
  first->recorded();
  bool whole = false;
  first->hold({&whole, [&](bool* with_memory) { *with_memory = source.given.size() == 1; }});
  GraphMemory second(pool);
  first.reset();
  CHECK(source.given.size() == 1);
  CHECK_FALSE(whole);
  second.recorded();
  CHECK(source.given.empty());
  CHECK(whole);
}

TEST_CASE("whether memory is reused is a choice of the environment") {
  const char* set = std::getenv("S4L_MEMORY_POOL");
  const std::string before = set == nullptr ? "1" : set;
  ::unsetenv("S4L_MEMORY_POOL");
  CHECK(reuse_memory());
  ::setenv("S4L_MEMORY_POOL", "0", 1);
  CHECK_FALSE(reuse_memory());
  ::setenv("S4L_MEMORY_POOL", "off", 1);
  CHECK_THROWS_WITH(reuse_memory(), "S4L_MEMORY_POOL: expected 0 or 1, got \"off\"");
  ::setenv("S4L_MEMORY_POOL", before.c_str(), 1);
}
