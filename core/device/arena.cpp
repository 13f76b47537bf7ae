#include "s4l/core/device/arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <limits>
#include <string>

#include "s4l/core/device/cgroup.h"
#include "s4l/core/error.h"

namespace s4l {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kPage = 4096;
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kFirst = 32 * kHugePage;
// More than any system gives, and so little that rounding does not carry it past 0.
constexpr std::size_t kMost = std::size_t{1} << 63;

std::size_t rounded(std::size_t bytes, std::size_t unit) { return (bytes + unit - 1) / unit * unit; }
std::size_t block_size(std::size_t bytes) { return std::max(kAlignment, rounded(bytes, kAlignment)); }
std::uintptr_t number_of(const std::byte* at) { return reinterpret_cast<std::uintptr_t>(at); }

}  // namespace

std::size_t available_memory() {
  std::size_t available = std::numeric_limits<std::size_t>::max();
  std::ifstream file("/proc/meminfo");
  for (std::string word; file >> word;)
    if (std::size_t kib = 0; word == "MemAvailable:" && file >> kib) available = kib * 1024;
  return std::min(available, cgroup_memory());
}

std::string size_text(std::size_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " bytes";
  const int bits = bytes < std::size_t{1} << 20 ? 10 : 20;
  const std::size_t unit = std::size_t{1} << bits;
  const std::size_t tenths = (bytes >> bits) * 10 + (((bytes & (unit - 1)) * 10 + unit / 2) >> bits);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + (bits == 10 ? " KiB" : " MiB");
}

void* Arena::take(std::size_t bytes) {
  const std::size_t size = block_size(std::min(bytes, kMost));
  const std::lock_guard lock(mutex_);
  void* block = cut(size);
  if (block == nullptr && grow(size)) block = cut(size);
  if (block == nullptr)
    fail(ErrorKind::memory, "memory: expected {} more, got none from the system; tensors hold {}", size_text(size),
         size_text(use_.current));
  use_.current += size;
  use_.peak = std::max(use_.peak, use_.current);
  return block;
}

void Arena::give(void* block, std::size_t bytes) noexcept {
  const std::size_t size = block_size(bytes);
  const std::lock_guard lock(mutex_);
  use_.current -= size;
  add(static_cast<std::byte*>(block), size);
}

MemoryUse Arena::use() const {
  const std::lock_guard lock(mutex_);
  return use_;
}

void* Arena::cut(std::size_t bytes) {
  const auto best = by_size_.lower_bound({bytes, nullptr});
  if (best == by_size_.end()) return nullptr;
  const auto [size, begin] = *best;
  remove(free_.find(begin));
  if (size > bytes) add(begin, size - bytes);
  return begin + (size - bytes);  // from above: the pages never touched are the lowest, where the arena grows
}

/// Puts a piece back, joined with its neighbours.
void Arena::add(std::byte* begin, std::size_t bytes) {
  auto next = free_.lower_bound(begin);
  if (next != free_.end() && begin + bytes == next->first) {
    bytes += next->second;
    const auto joined = next++;
    remove(joined);
  }
  if (next != free_.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second == begin) {
      begin = before->first;
      bytes += before->second;
      remove(before);
    }
  }
  free_.emplace(begin, bytes);
  by_size_.emplace(bytes, begin);
}

void Arena::remove(Free::iterator piece) {
  by_size_.erase({piece->second, piece->first});
  free_.erase(piece);
}

/// Takes an eighth more than there was, and much at first, so that later steps, which may cut it differently, need not
/// grow it. Where that is refused, what is needed alone; and then that without the pages that are free.
bool Arena::grow(std::size_t bytes) {
  if (bytes > available_memory()) return false;
  if (map(rounded(std::max({bytes, use_.reserved / 8, use_.reserved == 0 ? kFirst : 0}), kHugePage)) ||
      map(rounded(bytes, kPage)))
    return true;
  release_free_pages();
  return map(rounded(bytes, kPage));
}

bool Arena::map(std::size_t bytes) {
  const std::size_t slack = bytes % kHugePage == 0 ? kHugePage : 0;  // to start at a 2 MiB page
  std::byte* const hint = lowest_ == nullptr || number_of(lowest_) % kPage != 0 ? nullptr : lowest_ - bytes;
  const auto request = [](std::byte* at, std::size_t size) {
    void* memory = ::mmap(at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? nullptr : static_cast<std::byte*>(memory);
  };
  std::byte* begin = request(hint, bytes);
  if (begin == nullptr) return false;
  if (slack != 0 && number_of(begin) % kHugePage != 0) {
    ::munmap(begin, bytes);
    if ((begin = request(nullptr, bytes + slack)) == nullptr) return false;
    const std::size_t before = rounded(number_of(begin), kHugePage) - number_of(begin);
    if (before != 0) ::munmap(begin, before);
    if (before != slack) ::munmap(begin + before + bytes, slack - before);
    begin += before;
  }
  if (slack != 0) ::madvise(begin, bytes, MADV_HUGEPAGE);  // advice only: failure changes nothing
  lowest_ = begin;
  use_.reserved += bytes;
  add(begin, bytes);
  return true;
}

/// Gives whole free pages back to the system.
void Arena::release_free_pages() {
  const Free pieces = free_;
  for (const auto& [begin, size] : pieces) {
    const std::size_t before = rounded(number_of(begin), kPage) - number_of(begin);
    if (size < before + kPage) continue;
    const std::size_t pages = (size - before) / kPage * kPage;
    ::munmap(begin + before, pages);
    use_.reserved -= pages;
    remove(free_.find(begin));
    if (before != 0) add(begin, before);
    if (size > before + pages) add(begin + before + pages, size - before - pages);
  }
}

}  // namespace s4l
