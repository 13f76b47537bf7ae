// Warp collectives: a lane puts down what it brings and waits; whoever completes the set computes every lane's result
// at once, so that a later collective with another mask cannot overwrite what a slow lane has not read.
#include <bit>

#include "s4l/kernels/emulated/block.h"
#include "s4l/kernels/emulated/sanitizers.h"
#include "s4l/kernels/emulated/tensor_core.h"

namespace s4l::emulated {
namespace {

constexpr bool kRaces = kSanitizer == Sanitizer::thread;
constexpr int kWarpTokens = 8;  // one for each warp of the block

/// A loop of our own: memcpy is watched by ThreadSanitizer.
void copy_bytes(void* to, const void* from, std::size_t bytes) {
  auto* t = static_cast<volatile unsigned char*>(to);
  const auto* f = static_cast<const volatile unsigned char*>(from);
  for (std::size_t i = 0; i < bytes; ++i) t[i] = f[i];
}

std::uint32_t word(const void* value) {
  std::uint32_t bits = 0;
  copy_bytes(&bits, value, sizeof bits);
  return bits;
}

/// The lane that `lane` reads in a shuffle; its own where the source lies outside of its segment, as CUDA has it.
int shuffle_source(const WarpCall& call, int lane) {
  const int first = lane / call.width * call.width, last = first + call.width - 1;
  int source = lane;
  switch (call.operation) {
    case Collective::shuffle:
      return first + (call.argument & (call.width - 1));
    case Collective::shuffle_up:
      source = lane - call.argument;
      break;
    case Collective::shuffle_down:
      source = lane + call.argument;
      break;
    default:
      source = lane ^ call.argument;
      return source > last ? lane : source;
  }
  return source < first || source > last ? lane : source;
}

std::uint32_t combined(Collective operation, std::uint32_t a, std::uint32_t b) {
  const auto sa = static_cast<std::int32_t>(a), sb = static_cast<std::int32_t>(b);
  switch (operation) {
    case Collective::add:
      return a + b;
    case Collective::min:
      return a < b ? a : b;
    case Collective::max:
      return a > b ? a : b;
    case Collective::min_signed:
      return sa < sb ? a : b;
    case Collective::max_signed:
      return sa > sb ? a : b;
    case Collective::bit_and:
      return a & b;
    case Collective::bit_or:
      return a | b;
    default:
      return a ^ b;
  }
}

struct Lanes {
  Block& b;
  int warp;
  std::uint32_t mask;  ///< of those that take part
  Thread& operator[](int lane) const { return b.threads[warp * kWarp + lane]; }
  template <class Body>
  void each(const Body& body) const {
    for (std::uint32_t m = mask; m != 0; m &= m - 1) body(std::countr_zero(m));
  }
};

bool check_same(const Lanes& lanes, const WarpCall& first) {
  bool same = true;
  lanes.each([&](int lane) {
    const WarpCall& c = lanes[lane].call;
    if (c.operation != first.operation || c.mask != first.mask) {
      const long expected = static_cast<long>(first.mask), got = static_cast<long>(c.mask);
      lanes.b.problem = {"lanes of one mask meet in different warp operations or masks (masks {} and {})", expected,
                         got, lanes.warp * kWarp + lane};
      same = false;
    }
  });
  return same;
}

bool shuffle(const Lanes& lanes) {
  bool valid = true;
  lanes.each([&](int lane) {
    const WarpCall& c = lanes[lane].call;
    const int source = shuffle_source(c, lane);
    if ((lanes.mask >> source & 1) == 0) {
      lanes.b.problem = {"a shuffle of lane {} reads lane {}, which has ended, does not exist or is not in the mask",
                         lane, source, lanes.warp * kWarp + lane};
      valid = false;
      return;
    }
    copy_bytes(c.result, lanes[source].call.value, c.bytes);
  });
  return valid;
}

void vote(const Lanes& lanes, Collective operation) {
  std::uint32_t ballot = 0;
  lanes.each([&](int lane) { ballot |= (word(lanes[lane].call.value) != 0 ? 1u : 0u) << lane; });
  std::uint32_t result = ballot;
  if (operation == Collective::any) result = ballot != 0;
  if (operation == Collective::all) result = ballot == lanes.mask;
  lanes.each([&](int lane) { copy_bytes(lanes[lane].call.result, &result, sizeof result); });
}

void match(const Lanes& lanes) {
  lanes.each([&](int lane) {
    std::uint32_t equal = 0;
    const WarpCall& mine = lanes[lane].call;
    lanes.each([&](int other) {
      bool same = true;
      for (std::size_t i = 0; i < mine.bytes; ++i)
        same = same && static_cast<const unsigned char*>(mine.value)[i] ==
                           static_cast<const unsigned char*>(lanes[other].call.value)[i];
      equal |= (same ? 1u : 0u) << other;
    });
    copy_bytes(mine.result, &equal, sizeof equal);
  });
}

void reduce(const Lanes& lanes, Collective operation) {
  const int first = std::countr_zero(lanes.mask);
  std::uint32_t result = word(lanes[first].call.value);
  lanes.each([&](int lane) {
    if (lane != first) result = combined(operation, result, word(lanes[lane].call.value));
  });
  lanes.each([&](int lane) { copy_bytes(lanes[lane].call.result, &result, sizeof result); });
}

bool compute(const Lanes& lanes) {
  const Collective operation = lanes[std::countr_zero(lanes.mask)].call.operation;
  switch (operation) {
    case Collective::sync:
      return true;
    case Collective::shuffle:
    case Collective::shuffle_up:
    case Collective::shuffle_down:
    case Collective::shuffle_xor:
      return shuffle(lanes);
    case Collective::ballot:
    case Collective::any:
    case Collective::all:
      vote(lanes, operation);
      return true;
    case Collective::match_any:
      match(lanes);
      return true;
    case Collective::tile_product: {
      if (lanes.mask != 0xffffffffu) {
        lanes.b.problem = {"a tensor-core product needs all 32 lanes, got mask {}", static_cast<long>(lanes.mask), 0,
                           -1};
        return false;
      }
      const TileRegisters* registers[kWarp];
      lanes.each([&](int lane) { registers[lane] = static_cast<const TileRegisters*>(lanes[lane].call.value); });
      multiply_tile(registers);
      return true;
    }
    default:
      reduce(lanes, operation);
      return true;
  }
}

/// __syncwarp() orders memory between its lanes; the other collectives do not.
void order_memory(const Lanes& lanes) {
  if constexpr (kRaces) {
    void* token = lanes.b.arena.token(kWarpTokens + lanes.warp);
    lanes.each([&](int lane) { __tsan_acquire(lanes.b.arena.token(kWarpTokens + kWarp + lane)); });
    __tsan_release(token);
  }
}

/// Completes the collective of the lanes that wait, if all that it needs are there; false: a problem was put down.
bool try_complete(Block& b, int w) {
  Warp& warp = b.warps[w];
  for (std::uint32_t open = warp.waiting; open != 0;) {
    const Thread& first = b.threads[w * kWarp + std::countr_zero(open)];
    const std::uint32_t need = first.call.mask & warp.live;
    open &= ~need;
    if ((warp.waiting & need) != need) continue;
    const Lanes lanes{b, w, need};
    if (!check_same(lanes, first.call) || !compute(lanes)) return false;
    if (first.call.operation == Collective::sync) order_memory(lanes);
    warp.waiting &= ~need;
    lanes.each([&](int lane) { make_ready(b, lanes[lane]); });
  }
  return true;
}

}  // namespace

void warp_collective(const WarpCall& call, Site site) {
  Block& b = block();
  ++statistics().collectives;
  Thread& me = *b.current;
  const int w = warp_of(b, me), lane = lane_of(b, me), number = w * kWarp + lane;
  me.site = site;
  me.call = call;
  if ((call.mask >> lane & 1) == 0)
    give_up(b, {"lane {} is not in the mask {} of its own warp operation", lane, static_cast<long>(call.mask), number});
  const bool ordering = kRaces && call.operation == Collective::sync;
  if (ordering) __tsan_release(b.arena.token(kWarpTokens + kWarp + lane));
  me.state = State::at_warp;
  b.warps[w].waiting |= 1u << lane;
  if (!try_complete(b, w)) give_up(b, b.problem);
  wait(b);
  if (ordering) __tsan_acquire(b.arena.token(kWarpTokens + w));
}

void complete_collectives(Block& b, int warp) {
  if (b.warps[warp].waiting != 0 && !try_complete(b, warp)) give_up(b, b.problem);
}

}  // namespace s4l::emulated
