#include "s4l/kernels/cpu/packed_weights.h"

#include <array>
#include <map>
#include <mutex>
#include <tuple>

#include "s4l/kernels/cpu/gemm.h"

namespace s4l::cpu {
namespace {

using Key = std::tuple<const void*, std::array<std::int64_t, Shape::kMaxRank>, Packing, std::int64_t, std::int64_t>;

Key key_of(const Tensor& w, Packing packing, std::int64_t stride) {
  return {w.raw(), std::to_array(w.shape().dims), packing, stride, gemm_panel_width()};
}

struct Entry {
  std::weak_ptr<const Storage> original;  // expired, though its address may have come back in another tensor
  std::uint64_t version = 0;
  std::shared_ptr<const Storage> packed;
};

std::mutex mutex;
std::map<Key, Entry>& entries() {
  static auto* map = new std::map<Key, Entry>;  // never destroyed: its storages outlive main's statics
  return *map;
}

}  // namespace

std::shared_ptr<const Storage> packed_weights(const Tensor& w, Packing packing, std::int64_t stride,
                                              std::int64_t floats, const std::function<void(float*)>& pack) {
  const Key key = key_of(w, packing, stride);
  {
    const std::lock_guard lock(mutex);
    const auto found = entries().find(key);
    if (found != entries().end() && !found->second.original.expired() && found->second.version == w.version())
      return found->second.packed;
  }
  const std::uint64_t version = w.version();
  auto packed = Storage::allocate(static_cast<std::size_t>(floats) * sizeof(float), compute_stream(kCpu));
  pack(static_cast<float*>(packed->memory()));
  const std::lock_guard lock(mutex);
  std::erase_if(entries(), [](const auto& item) { return item.second.original.expired(); });
  entries()[key] = {w.storage(), version, packed};
  return packed;
}

}  // namespace s4l::cpu
