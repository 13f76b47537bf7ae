#pragma once
// The state of the one block that an OS thread runs at a time; executor, warp collectives and shared memory share it.
#include <array>
#include <cstdint>
#include <vector>

#include "s4l/core/rng.h"
#include "s4l/kernels/emulated/arena.h"
#include "s4l/kernels/emulated/executor.h"
#include "s4l/kernels/emulated/fiber.h"

namespace s4l::emulated {

inline constexpr int kWarp = 32;
inline constexpr int kMostThreads = 1024;

enum class State : std::uint8_t { fresh, ready, at_barrier, at_warp, done };

/// One CUDA thread.
struct Thread {
  uint3 index;
  State state = State::fresh;
  Fiber* fiber = nullptr;  ///< where it waits; none before it has to
  Site site{};             ///< of what it waits for
  WarpCall call{};
  void* last_atomic = nullptr;  ///< of ThreadSanitizer's edges: fence, atomic, the same atomic elsewhere, fence
  bool fenced = false;
};

struct Warp {
  std::uint32_t live = 0, waiting = 0, ready = 0;  ///< lanes
  std::uint64_t priority = 0;
};

/// What a kernel did wrong. Plain values, because it is put down on a fiber and told on the host's stack.
struct Problem {
  const char* what = nullptr;  ///< with {} for each of a and b
  long a = 0, b = 0;
  int thread = -1;
};

struct Block {
  Arena arena;
  std::vector<Thread> threads;
  std::vector<PendingCopies> copies;
  std::array<Warp, kMostThreads / kWarp> warps;
  std::uint32_t ready_warps = 0;
  int size = 0, live = 0;  ///< threads
  Thread* current = nullptr;
  Kernel kernel{};
  Problem problem;

  // block barriers
  int arrived = 0;
  unsigned generation = 0;
  int votes = 0;
  std::array<int, 2> vote_result{};

  // stacks
  Fiber host;
  Fiber* running = nullptr;
  std::array<Fiber, kMostThreads> fibers;
  int armed = 0;
  std::vector<Fiber*> idle;

  std::uint64_t random = 0;  ///< state of the schedule's generator
};

/// The calling OS thread's block.
Block& block();

int warp_of(const Block& b, const Thread& thread);
int lane_of(const Block& b, const Thread& thread);
/// 64 random bits of the schedule.
std::uint64_t draw(Block& b);
void make_ready(Block& b, Thread& thread);
/// Lets others run until the calling thread, whose state says what it waits for, is ready again.
void wait(Block& b);
/// Puts the problem down and leaves the fiber for good.
[[noreturn]] void give_up(Block& b, const Problem& problem);
/// After a lane has gone: the others may no longer have to wait for it.
void complete_collectives(Block& b, int warp);

}  // namespace s4l::emulated
