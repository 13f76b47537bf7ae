#include "s4l/kernels/cpu/scratch.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include "s4l/kernels/cpu/parallel.h"

namespace s4l::cpu {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kPage = 4096;

struct Slices {
  std::shared_ptr<Storage> memory;
  std::size_t size = 0;                     // of each
  std::vector<std::size_t> taken, wanted;   // by thread; each touches its own
  std::atomic<std::size_t> most_wanted{0};  // by any task so far
};

Slices& slices() {
  static auto* all = new Slices;  // never destroyed, as the pool
  return *all;
}

}  // namespace

Scratch::Scratch(std::int64_t floats)
    : thread_(pool_thread()),
      bytes_((static_cast<std::size_t>(floats) * sizeof(float) + kAlignment - 1) / kAlignment * kAlignment) {
  Slices& all = slices();
  const auto thread = static_cast<std::size_t>(thread_);
  const bool served = thread_ >= 0 && all.memory && all.taken[thread] + bytes_ <= all.size;
  if (!served) own_ = Storage::allocate(bytes_, compute_stream(kCpu));
  std::byte* const begin = served
                               ? static_cast<std::byte*>(all.memory->memory()) + thread * all.size + all.taken[thread]
                               : static_cast<std::byte*>(own_->memory());
  data_ = reinterpret_cast<float*>(begin);
  if (thread_ < 0) return;
  if (served) all.taken[thread] += bytes_;
  const std::size_t wanted = all.wanted[thread] += bytes_;
  for (std::size_t most = all.most_wanted; most < wanted && !all.most_wanted.compare_exchange_weak(most, wanted);) {
  }
}

Scratch::~Scratch() {
  if (thread_ < 0) return;
  const auto thread = static_cast<std::size_t>(thread_);
  slices().wanted[thread] -= bytes_;
  if (!own_) slices().taken[thread] -= bytes_;
}

void prepare_scratch(int threads) {
  Slices& all = slices();
  const std::size_t count = static_cast<std::size_t>(threads), most = all.most_wanted;
  if (all.taken.size() == count && all.size >= most) return;
  all.memory.reset();
  all.taken.assign(count, 0);
  all.wanted.assign(count, 0);
  if (most == 0) return;
  all.size = (most + kPage - 1) / kPage * kPage + kAlignment;  // not a multiple of a page: threads use other cache sets
  all.memory = Storage::allocate(count * all.size, compute_stream(kCpu));
}

}  // namespace s4l::cpu
