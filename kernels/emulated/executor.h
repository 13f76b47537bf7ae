#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "s4l/kernels/emulated/vector_types.h"

namespace s4l::emulated {

using names::dim3;
using names::uint3;

/// In which order threads that could run do so. A correct kernel gives the same bits under every one.
enum class Order {
  natural,   ///< by warp and lane
  reversed,  ///< the other way round, blocks too
  random,    ///< any thread that is ready; blocks in random order
  priority,  ///< warps have random priorities and the highest that is ready runs: finds buffers that are re-used too
             ///< early
};

struct Options {
  Order order = Order::natural;
  std::uint64_t seed = 0;
  std::size_t shared_limit = 227 * 1024;  ///< of a block, in bytes; other devices have less
  bool inexact = false;                   ///< approximate intrinsics are off, at random, by as much as CUDA documents
};
/// How this OS thread's launches run.
Options& options();

struct Statistics {
  std::int64_t launches = 0, threads = 0, barriers = 0, collectives = 0;
  std::int64_t raised_limits = 0;  ///< of shared memory (kernels/cuda/shared_memory.h)
};
/// What this OS thread's launches have done so far.
Statistics& statistics();

/// A kernel as the executor sees it: a function that runs one CUDA thread, and what it is called with.
struct Kernel {
  const char* name;
  void (*run)(void* arguments);
  void* arguments;
  std::size_t shared_limit;  ///< of static and dynamic shared memory together, in bytes
};
/// What cudaFuncSetAttribute does: the kernel at this address may have `bytes` of dynamic shared memory. One that was
/// not asked for has 48 KiB of it and static shared memory together.
void raise_shared_limit(const void* address, std::size_t bytes);
/// Refuses what CUDA would refuse before anything runs; returns the launch's limit of shared memory.
std::size_t check_launch(const char* kernel, const void* address, dim3 grid, dim3 block, std::size_t dynamic_shared);
/// Runs every thread of the grid. What a kernel does wrong is an Error that names kernel, block, threads and lines.
void run_grid(const Kernel& kernel, dim3 grid, dim3 block, std::size_t dynamic_shared);

/// What threadIdx and its like mean at the moment.
struct Place {
  uint3 thread_index, block_index;
  dim3 block_size, grid_size;
};
extern constinit thread_local Place place;

/// Where in a kernel something happens.
struct Site {
  const char* file;
  int line;
};

// --- what kernels call, under CUDA's names (cuda_names.h) ------------------------------------------------------

enum class Vote { none, count, all, any };
/// __syncthreads() and its variants.
int barrier(Vote vote, bool predicate, Site site);

enum class Collective : std::uint8_t {
  sync,
  shuffle,
  shuffle_up,
  shuffle_down,
  shuffle_xor,
  ballot,
  any,
  all,
  match_any,
  add,
  min,
  max,
  bit_and,
  bit_or,
  bit_xor,
  min_signed,
  max_signed,
  tile_product,
};
struct WarpCall {
  Collective operation;
  std::uint32_t mask;
  const void* value;
  void* result;
  std::size_t bytes;  ///< of value and result
  int argument;       ///< source lane, delta or xor mask
  int width;
};
/// Waits for the lanes of the mask; the result of each lane lies where it asked for it.
void warp_collective(const WarpCall& call, Site site);

/// The block's static shared array that `key` stands for; 0xFF bytes at first use.
void* static_shared(const void* key, std::size_t bytes, std::size_t alignment);
/// The block's dynamic shared memory.
void* dynamic_shared();
/// __threadfence() and its like: what the calling thread knows goes with its atomics from now on, and it learns what
/// others' fences sent with the last atomic that it read. A fence alone orders nothing.
void thread_fence();
/// An atomic operation is about to happen.
void note_atomic(void* address);

/// One 16-byte copy that may happen at any moment until it is waited for.
struct PendingCopy {
  void* to;
  const void* from;
  int group;
};
struct PendingCopies {
  static constexpr int kMost = 64;
  PendingCopy copies[kMost];
  int count, group;  ///< group: how many have been committed
};
/// The calling thread's.
PendingCopies& pending_copies();
/// A coin of the schedule.
bool coin();
/// `value`, or where Options::inexact asks for it a random one within `ulps` units in its last place.
float strayed(float value, int ulps);
/// Refuses an access that the GPU traps: of so many bytes at once, at no multiple of them.
void expect_aligned(const void* address, std::size_t bytes);

/// Refuses a pointer argument that points to no live device memory (device_memory.h).
void check_pointer(const char* kernel, int argument, const void* pointer);

// --- launching ---------------------------------------------------------------------------------------------------

template <class T>
void check_argument(const char* kernel, int number, const T& value) {
  if constexpr (std::is_pointer_v<T>) check_pointer(kernel, number, value);
}

/// Runs `work` when `stream` (streams.h) comes to it; at once where it is null.
void submit(void* stream, std::function<void()> work);

/// S4L_LAUNCH: the arguments become what the kernel declares, pointers among them are checked, and the grid is queued.
template <class... Parameters, class... Arguments>
void launch(const char* name, void (*body)(Parameters...), dim3 grid, dim3 block, std::size_t dynamic_shared_bytes,
            void* stream, Arguments&&... arguments) {
  struct Call {
    void (*body)(Parameters...);
    std::tuple<std::decay_t<Parameters>...> values;
  };
  Call call{body, {static_cast<std::decay_t<Parameters>>(std::forward<Arguments>(arguments))...}};
  const std::size_t shared_limit =
      check_launch(name, reinterpret_cast<const void*>(body), grid, block, dynamic_shared_bytes);
  std::apply(
      [&](const auto&... value) {
        [[maybe_unused]] int number = 0;
        (check_argument(name, ++number, value), ...);
      },
      call.values);
  submit(stream, [name, grid, block, dynamic_shared_bytes, shared_limit, call]() mutable {
    const auto run = [](void* data) {
      auto& c = *static_cast<Call*>(data);
      std::apply(c.body, c.values);
    };
    run_grid({name, run, &call, shared_limit}, grid, block, dynamic_shared_bytes);
  });
}

}  // namespace s4l::emulated
