#include "s4l/kernels/cpu/packed_weights.h"

#include <xmmintrin.h>

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

/// Rows [begin, end) of the matrix to a panel, four by four where its columns are contiguous.
void transpose(const WeightMatrix& from, std::int64_t begin, std::int64_t end, std::int64_t columns, std::int64_t width,
               float* to) {
  constexpr std::int64_t kSide = 4;
  for (std::int64_t n = 0; n < columns; n += kSide)
    for (std::int64_t k = begin; k < end; k += kSide) {
      const float* const corner = from.data + k * from.row + n * from.column;
      float* const out = to + k * width + n;
      const std::int64_t rows = std::min(kSide, end - k), count = std::min(kSide, columns - n);
      if (from.row == 1 && rows == kSide && count == kSide) {
        __m128 column[kSide];
        for (int i = 0; i < kSide; ++i) column[i] = _mm_loadu_ps(corner + i * from.column);
        _MM_TRANSPOSE4_PS(column[0], column[1], column[2], column[3]);
        for (int i = 0; i < kSide; ++i) _mm_storeu_ps(out + i * width, column[i]);
        continue;
      }
      for (std::int64_t i = 0; i < rows; ++i)
        for (std::int64_t j = 0; j < count; ++j) out[i * width + j] = corner[i * from.row + j * from.column];
    }
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
  // Floats of a cache line: where a row of w is a column of the matrix, read it whole.
  constexpr std::int64_t kLine = 16;
  for (std::int64_t begin = 0; begin < depth; begin += kLine) {
    const std::int64_t end = std::min(depth, begin + kLine);
    if (from.column == 1)
      for (std::int64_t k = begin; k < end; ++k) std::copy_n(from.data + k * from.row, columns, to + k * width);
    else
      transpose(from, begin, end, columns, width, to);
    for (std::int64_t k = begin; k < end; ++k) std::fill_n(to + k * width + columns, width - columns, 0.0f);
  }
}

}  // namespace s4l::cpu
