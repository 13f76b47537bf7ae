#include "s4l/core/device/memory_pool.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "s4l/core/device/arena.h"
#include "s4l/core/error.h"

namespace s4l {
namespace {

constexpr std::size_t kAlignment = 512;
// More than any device has, and so little that rounding does not carry it past 0.
constexpr std::size_t kMost = std::size_t{1} << 63;
constexpr std::size_t kSmall = 1 << 20, kSmallSegment = 8 << 20, kLargeSegment = 32 << 20, kPage = 2 << 20;

std::size_t rounded(std::size_t bytes, std::size_t unit) { return std::max(unit, (bytes + unit - 1) / unit * unit); }

}  // namespace

bool reuse_memory() {
  const char* value = std::getenv("S4L_MEMORY_POOL");
  const std::string_view wanted = value == nullptr ? "1" : value;
  check(wanted == "0" || wanted == "1", "S4L_MEMORY_POOL: expected 0 or 1, got \"{}\"", wanted);
  return wanted == "1";
}

MemoryPool::MemoryPool(Device device, MemorySource source, bool reuse)
    : device_(device), source_(std::move(source)), reuse_(reuse) {}

void* MemoryPool::take(std::size_t bytes) {
  void* block = find(size_of(bytes));
  if (block == nullptr) refuse(bytes);
  return block;
}

void* MemoryPool::find(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  const bool recorded = capturing_ != 0 && std::this_thread::get_id() == capturing_thread_;
  const Kind kind{recorded ? capturing_ : 0, bytes <= kSmall};
  void* block = reuse_ ? cut(kind, bytes) : take_segment(kind, bytes);
  if (block == nullptr && reuse_ && grow(kind, bytes)) block = cut(kind, bytes);
  if (block == nullptr && reuse_) block = cut({kind.first, !kind.second}, bytes);  // rather than none
  if (block == nullptr) return nullptr;
  use_.current += bytes;
  use_.peak = std::max(use_.peak, use_.current);
  return block;
}

void MemoryPool::refuse(std::size_t bytes) const {
  const MemoryUse held = use();
  fail(ErrorKind::memory,
       "memory of {}: expected {} more, got none; tensors hold {}, {} are kept for them, {} are free", device_,
       size_text(size_of(bytes)), size_text(held.current), size_text(held.reserved - held.current),
       size_text(source_.free()));
}

/// What anybody gives back during a capture may be read by what has been recorded.
void MemoryPool::give(void* block, std::size_t bytes) noexcept {
  const std::lock_guard lock(mutex_);
  use_.current -= size_of(bytes);
  if (capturing_ != 0 && segment_of(block)->second.kind.first != capturing_)
    kept_[capturing_].emplace_back(block, size_of(bytes));
  else
    put_back(block, size_of(bytes));
}

int MemoryPool::begin_capture() {
  const std::lock_guard lock(mutex_);
  check(capturing_ == 0, "capture: expected one at a time, got a second");
  release_free_segments();  // the graph takes its own
  capturing_thread_ = std::this_thread::get_id();
  return capturing_ = ++graphs_;
}

void MemoryPool::end_capture() {
  const std::lock_guard lock(mutex_);
  capturing_ = 0;
  for (auto& [graph, replayed] : late_) {
    replayed.reset();
    release_now(graph);
  }
  late_.clear();
}

void MemoryPool::release(int graph, std::shared_ptr<void> replayed) noexcept {
  const std::lock_guard lock(mutex_);
  if (capturing_ != 0) {
    late_.emplace_back(graph, std::move(replayed));
    return;
  }
  replayed.reset();
  release_now(graph);
}

/// Its segments serve everybody again; a block of them that is still in use comes back in time.
void MemoryPool::release_now(int graph) {
  for (auto& [begin, segment] : segments_) {
    if (segment.kind.first != graph) continue;
    const Kind before = std::exchange(segment.kind, Kind{0, segment.kind.second});
    for (auto piece = free_.lower_bound(begin); piece != free_.end() && piece->first < begin + segment.bytes; ++piece) {
      by_size_.erase({before, piece->second, piece->first});
      by_size_.insert({segment.kind, piece->second, piece->first});
    }
  }
  if (const auto kept = kept_.extract(graph))
    for (const auto& [block, size] : kept.mapped()) put_back(block, size);
}

MemoryUse MemoryPool::use() const {
  const std::lock_guard lock(mutex_);
  return use_;
}

/// Of what is asked: what is taken.
std::size_t MemoryPool::size_of(std::size_t bytes) const {
  return reuse_ ? rounded(std::min(bytes, kMost), kAlignment) : std::max(bytes, std::size_t{1});
}

MemoryPool::Segments::iterator MemoryPool::segment_of(void* block) {
  return std::prev(segments_.upper_bound(static_cast<std::byte*>(block)));
}

void MemoryPool::put_back(void* block, std::size_t bytes) {
  const auto segment = segment_of(block);
  const int graph = segment->second.kind.first;
  if (reuse_)
    add(static_cast<std::byte*>(block), bytes);
  else if (graph != 0)
    kept_[graph].emplace_back(block, bytes);
  else
    give_segment(segment);
}

/// From the smallest free piece that fits.
void* MemoryPool::cut(Kind kind, std::size_t bytes) {
  const auto best = by_size_.lower_bound({kind, bytes, nullptr});
  if (best == by_size_.end() || std::get<Kind>(*best) != kind) return nullptr;
  const auto [ignored, size, begin] = *best;
  remove(begin, size);
  if (size > bytes) add(begin + bytes, size - bytes);
  return begin;
}

/// Puts a piece back, joined with its neighbours in the segment.
void MemoryPool::add(std::byte* begin, std::size_t bytes) {
  const auto [first, segment] = *segment_of(begin);
  if (const auto next = free_.find(begin + bytes); next != free_.end() && begin + bytes < first + segment.bytes) {
    bytes += next->second;
    remove(next->first, next->second);
  }
  if (auto before = free_.lower_bound(begin); begin != first && before != free_.begin()) {
    const auto [at, size] = *--before;
    if (at + size == begin) {
      remove(at, size);
      begin = at;
      bytes += size;
    }
  }
  free_.emplace(begin, bytes);
  by_size_.insert({segment.kind, bytes, begin});
}

void MemoryPool::remove(std::byte* begin, std::size_t bytes) {
  by_size_.erase({segment_of(begin)->second.kind, bytes, begin});
  free_.erase(begin);
}

/// Takes an eighth more than there was, so that later steps need not; where that is refused, what is needed alone; and
/// then that again without the segments of which nothing is in use.
bool MemoryPool::grow(Kind kind, std::size_t bytes) {
  const std::size_t wanted =
      kind.second ? kSmallSegment : rounded(std::max({bytes, use_.reserved / 8, kLargeSegment}), kPage);
  if (take_segment(kind, wanted) || take_segment(kind, rounded(bytes, kPage))) return true;
  if (capturing_ != 0) return false;
  release_free_segments();
  return take_segment(kind, rounded(bytes, kPage)) != nullptr;
}

std::byte* MemoryPool::take_segment(Kind kind, std::size_t bytes) {
  auto* const begin = static_cast<std::byte*>(source_.take(bytes));
  if (begin == nullptr) return nullptr;
  segments_[begin] = {bytes, kind};
  use_.reserved += bytes;
  if (reuse_) add(begin, bytes);
  return begin;
}

MemoryPool::Segments::iterator MemoryPool::give_segment(Segments::iterator segment) {
  use_.reserved -= segment->second.bytes;
  source_.give(segment->first);
  return segments_.erase(segment);
}

void MemoryPool::release_free_segments() {
  for (auto segment = segments_.begin(); segment != segments_.end();) {
    const auto [begin, what] = *segment;
    const auto piece = free_.find(begin);
    if (what.kind.first == 0 && piece != free_.end() && piece->second == what.bytes) {
      remove(begin, what.bytes);
      segment = give_segment(segment);
    } else {
      ++segment;
    }
  }
}

}  // namespace s4l
