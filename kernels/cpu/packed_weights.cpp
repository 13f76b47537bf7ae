#include "s4l/kernels/cpu/packed_weights.h"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <tuple>

#include "s4l/kernels/cpu/gemm.h"

namespace s4l::cpu {
namespace {

using Key = std::tuple<const void*, std::array<std::int64_t, Shape::kMaxRank>, Packing, std::int64_t>;

Key key_of(const Tensor& w, const Packing& packing) {
  return {w.raw(), std::to_array(w.shape().dims), packing, gemm_panel_width()};
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

std::shared_ptr<const Storage> packed_weights(const Tensor& w, const Packing& packing, std::int64_t floats,
                                              const std::function<void(float*)>& pack) {
  const Key key = key_of(w, packing);
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

void pack_panel(const WeightMatrix& from, std::int64_t depth, std::int64_t columns, std::int64_t width, float* to) {
  constexpr std::int64_t kLine =
      16;  // floats of a cache line: where a row of w is a column of the matrix, read it whole
  for (std::int64_t begin = 0; begin < depth; begin += kLine) {
    const std::int64_t end = std::min(depth, begin + kLine);
    if (from.column == 1) {
      for (std::int64_t k = begin; k < end; ++k) std::copy_n(from.data + k * from.row, columns, to + k * width);
    } else {
      for (std::int64_t n = 0; n < columns; ++n)
        for (std::int64_t k = begin; k < end; ++k) to[k * width + n] = from.data[k * from.row + n * from.column];
    }
    for (std::int64_t k = begin; k < end; ++k) std::fill_n(to + k * width + columns, width - columns, 0.0f);
  }
}

}  // namespace s4l::cpu
