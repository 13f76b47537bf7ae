// Runs a grid on one OS thread: block after block, and within a block every CUDA thread to its end unless it has to
// wait. Only then does another stack come into play, so a kernel without barriers costs a function call a thread.
#include "s4l/kernels/emulated/executor.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <string>

#include "s4l/core/error.h"
#include "s4l/kernels/emulated/block.h"
#include "s4l/kernels/emulated/device_memory.h"
#include "s4l/kernels/emulated/sanitizers.h"

namespace s4l::emulated {

constinit thread_local Place place{};

namespace {

constexpr bool kRaces = kSanitizer == Sanitizer::thread;
constexpr int kBarrierTokens = 0;  // two, by parity of the generation
// Before any block and after all of them; outside the arena, which is forgotten block by block.
[[maybe_unused]] char start_token[8], end_token[8];

// --- which thread runs next ------------------------------------------------------------------------------------

int pick_warp(Block& b) {
  switch (options().order) {
    case Order::natural:
      return std::countr_zero(b.ready_warps);
    case Order::reversed:
      return 31 - std::countl_zero(b.ready_warps);
    case Order::random: {
      int ready = 0;
      for (std::uint32_t w = b.ready_warps; w != 0; w &= w - 1)
        ready += std::popcount(b.warps[std::countr_zero(w)].ready);
      int n = static_cast<int>(draw(b) % static_cast<unsigned>(ready));
      for (std::uint32_t w = b.ready_warps;; w &= w - 1) {
        n -= std::popcount(b.warps[std::countr_zero(w)].ready);
        if (n < 0) return std::countr_zero(w);
      }
    }
    case Order::priority:
      break;
  }
  int best = std::countr_zero(b.ready_warps);
  for (std::uint32_t w = b.ready_warps; w != 0; w &= w - 1)
    if (b.warps[std::countr_zero(w)].priority > b.warps[best].priority) best = std::countr_zero(w);
  return best;
}

int pick_lane(Block& b, std::uint32_t ready) {
  if (options().order == Order::natural) return std::countr_zero(ready);
  if (options().order == Order::reversed) return 31 - std::countl_zero(ready);
  for (auto skip = draw(b) % static_cast<unsigned>(std::popcount(ready)); skip > 0; --skip) ready &= ready - 1;
  return std::countr_zero(ready);
}

/// Takes the next ready thread out of its warp's list; null where none is ready.
Thread* take_next(Block& b) {
  if (b.ready_warps == 0) return nullptr;
  const int w = pick_warp(b);
  const int lane = pick_lane(b, b.warps[w].ready);
  b.warps[w].ready &= ~(1u << lane);
  if (b.warps[w].ready == 0) b.ready_warps &= ~(1u << w);
  return &b.threads[w * kWarp + lane];
}

// --- fibers ------------------------------------------------------------------------------------------------------

void fiber_entry();

Fiber& free_fiber(Block& b) {
  if (b.idle.empty()) {
    Fiber& fiber = b.fibers[b.armed];
    arm(fiber, b.arena.stack(b.armed), Arena::kStack, fiber_entry);
    ++b.armed;
    return fiber;
  }
  Fiber& fiber = *b.idle.back();
  b.idle.pop_back();
  return fiber;
}

void go_to(Block& b, Fiber& to) {
  Fiber& from = *b.running;
  b.running = &to;
  switch_fiber(from, to);
}

void set_current(Block& b, Thread& thread) {
  b.current = &thread;
  place.thread_index = thread.index;
}

void finish(Block& b) {
  Thread& t = *b.current;
  t.state = State::done;
  --b.live;
  const int w = warp_of(b, t);
  b.warps[w].live &= ~(1u << lane_of(b, t));
  complete_collectives(b, w);
}

/// What every fiber does: runs ready threads that have not begun, until one that waits elsewhere is next.
void fiber_entry() {
  entered();
  for (;;) {
    Block& b = block();
    if constexpr (kRaces) __tsan_acquire(start_token);
    b.kernel.run(b.kernel.arguments);
    if constexpr (kRaces) __tsan_release(end_token);
    finish(b);
    Thread* next = take_next(b);
    if (next == nullptr) {
      if (!kRaces) b.idle.push_back(b.running);
      go_to(b, b.host);
    } else {
      set_current(b, *next);
      if (next->fiber == nullptr) continue;
      if (!kRaces) b.idle.push_back(b.running);
      go_to(b, *next->fiber);
    }
  }
}

// --- a block -----------------------------------------------------------------------------------------------------

void number_threads(Block& b, dim3 size) {
  b.size = b.live = static_cast<int>(size.x * size.y * size.z);
  b.threads.assign(b.size, Thread{});
  b.copies.resize(b.size);
  int i = 0;
  for (unsigned z = 0; z < size.z; ++z)
    for (unsigned y = 0; y < size.y; ++y)
      for (unsigned x = 0; x < size.x; ++x, ++i) {
        b.threads[i].index = {x, y, z};
        b.copies[i].count = b.copies[i].group = 0;
      }
  b.ready_warps = 0;
  for (int w = 0; w * kWarp < b.size; ++w) {
    const int lanes = std::min(kWarp, b.size - w * kWarp);
    const std::uint32_t all = lanes == kWarp ? ~0u : (1u << lanes) - 1;
    b.warps[w] = {all, 0, all, draw(b)};
    b.ready_warps |= 1u << w;
  }
}

void begin_block(Block& b, dim3 size, std::size_t dynamic_shared) {
  number_threads(b, size);
  b.arena.reset(b.size);
  b.arena.add_dynamic(dynamic_shared);
  b.arrived = b.votes = 0;
  b.generation = 0;
  b.problem = {};
  b.host = host_fiber();
  b.running = &b.host;
  if constexpr (kRaces) {  // one fiber a thread, made here on the host's: making orders parent before child
    for (int i = 0; i < b.size; ++i) {
      arm(b.fibers[i], b.arena.stack(i), Arena::kStack, fiber_entry);
      b.fibers[i].thread_state = __tsan_create_fiber(0);
      b.threads[i].fiber = &b.fibers[i];
    }
  }
}

void forget_fibers(Block& b) {
  if constexpr (kRaces)
    for (int i = 0; i < b.size; ++i) __tsan_destroy_fiber(b.fibers[i].thread_state);
  if (b.problem.what != nullptr || b.live > 0) {  // some are in the middle of something: make all of them anew
    b.armed = 0;
    b.idle.clear();
  }
}

std::string to_text(const uint3& v) {
  return "(" + std::to_string(v.x) + "," + std::to_string(v.y) + "," + std::to_string(v.z) + ")";
}

std::string to_text(const Site& site) {
  const std::string file = site.file;
  return file.substr(file.rfind('/') + 1) + ":" + std::to_string(site.line);
}

/// The threads that wait, by what for and where, and the first of each group.
std::string waiting_groups(const Block& b) {
  std::string text;
  std::vector<const Thread*> first;
  for (const Thread& t : b.threads) {
    if (t.state != State::at_barrier && t.state != State::at_warp) continue;
    const auto same = [&](const Thread* other) {
      return other->state == t.state && other->site.line == t.site.line && other->site.file == t.site.file;
    };
    if (std::find_if(first.begin(), first.end(), same) != first.end()) continue;
    first.push_back(&t);
    const auto count = std::count_if(b.threads.begin(), b.threads.end(), [&](const Thread& u) { return same(&u); });
    text += "; " + std::to_string(count) + " wait at a " +
            (t.state == State::at_barrier ? "barrier" : "warp operation") + ", first thread " + to_text(t.index) +
            " at " + to_text(t.site);
  }
  return text;
}

[[noreturn]] void tell(const Block& b) {
  const Problem& p = b.problem;
  std::string text = "kernel " + std::string(b.kernel.name) + ", block " + to_text(place.block_index) + ": ";
  if (p.what != nullptr) {
    text += fill_in(p.what, {std::to_string(p.a), std::to_string(p.b)});
    if (p.thread >= 0) text += ", thread " + to_text(b.threads[p.thread].index);
    if (p.thread >= 0 && b.threads[p.thread].site.file != nullptr) text += " at " + to_text(b.threads[p.thread].site);
  } else {
    text += "deadlock: expected " + std::to_string(b.size) + " threads to end, got " + std::to_string(b.size - b.live);
  }
  throw Error(text + waiting_groups(b));
}

void run_block(Block& b, dim3 size, std::size_t dynamic_shared) {
  begin_block(b, size, dynamic_shared);
  Thread* first = take_next(b);
  set_current(b, *first);
  go_to(b, first->fiber != nullptr ? *first->fiber : free_fiber(b));
  if (b.problem.what == nullptr && b.live == 0 && !b.arena.red_zones_whole())
    b.problem = {"shared memory was written outside of its arrays", 0, 0, -1};
  forget_fibers(b);
  if (b.problem.what != nullptr || b.live > 0) tell(b);
}

// --- a grid ------------------------------------------------------------------------------------------------------

std::vector<std::uint64_t> block_order(Block& b, std::uint64_t blocks) {
  std::vector<std::uint64_t> order(blocks);
  std::iota(order.begin(), order.end(), 0);
  if (options().order == Order::reversed) std::reverse(order.begin(), order.end());
  if (options().order == Order::random || options().order == Order::priority)
    for (std::uint64_t i = blocks; i > 1; --i) std::swap(order[i - 1], order[draw(b) % i]);
  return order;
}

}  // namespace

Options& options() {
  static thread_local Options all;
  return all;
}

Statistics& statistics() {
  static thread_local Statistics all;
  return all;
}

Block& block() {
  static thread_local Block* b = new Block;  // never destroyed: it holds stacks
  return *b;
}

int warp_of(const Block& b, const Thread& thread) { return static_cast<int>(&thread - b.threads.data()) / kWarp; }
int lane_of(const Block& b, const Thread& thread) { return static_cast<int>(&thread - b.threads.data()) % kWarp; }

std::uint64_t draw(Block& b) {  // splitmix64
  std::uint64_t z = (b.random += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

void make_ready(Block& b, Thread& thread) {
  thread.state = State::ready;
  const int w = warp_of(b, thread);
  b.warps[w].ready |= 1u << lane_of(b, thread);
  b.ready_warps |= 1u << w;
}

void wait(Block& b) {
  Thread& me = *b.current;
  me.fiber = b.running;
  Thread* next = take_next(b);
  if (next == nullptr) {
    go_to(b, b.host);
  } else if (next != &me) {
    set_current(b, *next);
    go_to(b, next->fiber != nullptr ? *next->fiber : free_fiber(b));
  }
  set_current(b, me);
}

void give_up(Block& b, const Problem& problem) {
  b.problem = problem;
  go_to(b, b.host);
  __builtin_unreachable();
}

int barrier(Vote vote, bool predicate, Site site) {
  Block& b = block();
  ++statistics().barriers;
  Thread& me = *b.current;
  const int number = static_cast<int>(&me - b.threads.data());
  me.site = site;
  if (b.live < b.size)
    give_up(b, {"a barrier is reached after {} of {} threads have ended", b.size - b.live, b.size, number});
  const unsigned parity = b.generation & 1;
  if constexpr (kRaces) __tsan_release(b.arena.token(kBarrierTokens + static_cast<int>(parity)));
  me.state = State::at_barrier;
  b.votes += predicate;
  if (++b.arrived == b.size) {
    for (const Thread& t : b.threads)
      if (t.site.line != site.line || t.site.file != site.file)
        give_up(b, {"barriers at different places of the code meet", 0, 0, number});
    b.vote_result[parity] = b.votes;
    b.arrived = b.votes = 0;
    ++b.generation;
    for (Thread& t : b.threads) make_ready(b, t);
  }
  wait(b);
  if constexpr (kRaces) __tsan_acquire(b.arena.token(kBarrierTokens + static_cast<int>(parity)));
  const int count = b.vote_result[parity];
  return vote == Vote::all ? count == b.size : vote == Vote::any ? count > 0 : count;
}

void* static_shared(const void* key, std::size_t bytes, std::size_t alignment) {
  Block& b = block();
  void* memory = b.arena.static_array(key, bytes, alignment);
  if (memory == nullptr)
    give_up(b, {"expected at most {} bytes of static shared memory, got {}", Arena::kStaticLimit,
                static_cast<long>(b.arena.static_bytes() + bytes), -1});
  if (const std::size_t all = b.arena.static_bytes() + b.arena.dynamic_bytes(); all > b.kernel.shared_limit)
    give_up(b, {"expected at most {} bytes of static and dynamic shared memory, got {}",
                static_cast<long>(b.kernel.shared_limit), static_cast<long>(all), -1});
  return memory;
}

void* dynamic_shared() {
  Block& b = block();
  if (b.arena.dynamic() == nullptr)
    give_up(b, {"dynamic shared memory is used but none was asked for at launch", 0, 0, -1});
  return b.arena.dynamic();
}

void thread_fence() {
  if constexpr (kRaces) {
    Thread& me = *block().current;
    if (me.last_atomic != nullptr) __tsan_acquire(me.last_atomic);
    me.fenced = true;
  }
}

void note_atomic(void* address) {
  if constexpr (kRaces) {
    Thread& me = *block().current;
    if (me.fenced) __tsan_release(address);
    me.last_atomic = address;
  }
}

PendingCopies& pending_copies() {
  Block& b = block();
  return b.copies[b.current - b.threads.data()];
}

bool coin() { return (draw(block()) & 1) != 0; }

float strayed(float value, int ulps) {
  if (!options().inexact) return value;
  const int by = static_cast<int>(draw(block()) % static_cast<unsigned>(2 * ulps + 1)) - ulps;
  return value * (1.0f + static_cast<float>(by) * 0x1p-23f);
}

void expect_aligned(const void* address, std::size_t bytes) {
  if (const auto beyond = reinterpret_cast<std::uintptr_t>(address) % bytes; beyond != 0)
    give_up(block(), {"expected an address that is a multiple of {} bytes, got one {} beyond", static_cast<long>(bytes),
                      static_cast<long>(beyond), static_cast<int>(block().current - block().threads.data())});
}

void run_grid(const Kernel& kernel, dim3 grid, dim3 size, std::size_t dynamic_shared_bytes) {
  const AccessToDeviceMemory access;
  Block& b = block();
  b.kernel = kernel;
  b.random = options().seed;
  place = {{}, {}, size, grid};
  ++statistics().launches;
  if constexpr (kRaces) __tsan_release(start_token);
  const std::uint64_t blocks = std::uint64_t{grid.x} * grid.y * grid.z;
  for (const std::uint64_t i : block_order(b, blocks)) {
    place.block_index = {static_cast<unsigned>(i % grid.x), static_cast<unsigned>(i / grid.x % grid.y),
                         static_cast<unsigned>(i / grid.x / grid.y)};
    run_block(b, size, dynamic_shared_bytes);
    statistics().threads += b.size;
  }
  if constexpr (kRaces) __tsan_acquire(end_token);
}

}  // namespace s4l::emulated
