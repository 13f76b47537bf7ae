// Per target: include it after hwy/foreach_target.h, as Highway's own -inl headers.
#if defined(S4L_KERNELS_CPU_COLUMNS) == defined(HWY_TARGET_TOGGLE)
#ifdef S4L_KERNELS_CPU_COLUMNS
#undef S4L_KERNELS_CPU_COLUMNS
#else
#define S4L_KERNELS_CPU_COLUMNS
#endif

#include <hwy/highway.h>

#include <algorithm>

#include "s4l/kernels/cpu/past_caches.h"
#include "s4l/kernels/cpu/rows.h"

HWY_BEFORE_NAMESPACE();
namespace s4l::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET != HWY_SCALAR
/// Block b of four lanes from `from + b stride` on.
template <class D, class T>
HWY_INLINE hn::Vec<D> load_blocks(D d, const T* from, std::int64_t stride) {
  if constexpr (hn::MaxLanes(D()) <= 4) {
    return hn::LoadU(d, from);
  } else {
    const hn::Half<D> half;
    const auto blocks = static_cast<std::int64_t>(hn::Lanes(half) / 4);
    return hn::Combine(d, load_blocks(half, from + blocks * stride, stride), load_blocks(half, from, stride));
  }
}
template <class D, class T>
HWY_INLINE void store_blocks(D d, hn::Vec<D> v, T* to, std::int64_t stride) {
  if constexpr (hn::MaxLanes(D()) <= 4) {
    hn::StoreU(v, d, to);
  } else {
    const hn::Half<D> half;
    const auto blocks = static_cast<std::int64_t>(hn::Lanes(half) / 4);
    store_blocks(half, hn::LowerHalf(half, v), to, stride);
    store_blocks(half, hn::UpperHalf(half, v), to + blocks * stride, stride);
  }
}

/// Transposes the 4x4 numbers in each block of four vectors.
template <class D, class V>
HWY_INLINE void transpose_blocks(D d, V (&v)[4]) {
  const V ac = hn::InterleaveLower(d, v[0], v[2]), ac_upper = hn::InterleaveUpper(d, v[0], v[2]);
  const V be = hn::InterleaveLower(d, v[1], v[3]), be_upper = hn::InterleaveUpper(d, v[1], v[3]);
  v[0] = hn::InterleaveLower(d, ac, be);
  v[1] = hn::InterleaveUpper(d, ac, be);
  v[2] = hn::InterleaveLower(d, ac_upper, be_upper);
  v[3] = hn::InterleaveUpper(d, ac_upper, be_upper);
}
#endif

/// As many rows as a vector has lanes, of up to kNarrow numbers, transposed: vector c holds number c of each row.
template <class T>
class Columns {
 public:
  HWY_ALIGN T numbers[kNarrow * hn::MaxLanes(hn::ScalableTag<T>())];

  /// From `rows` of k numbers; absent ones are 0.
  void load(const T* from, std::int64_t rows, std::int64_t k) {
    if (rows < kLanes) {
      std::copy_n(from, rows * k, rows_);
      std::fill(rows_ + rows * k, rows_ + kLanes * k, T{0});
      from = rows_;
    }
#if HWY_TARGET != HWY_SCALAR
    if constexpr (sizeof(T) == 4) {
      if (k >= 4)
        return each_four(k, [&](std::int64_t c) HWY_ATTR {
          V v[4];
          for (std::int64_t r = 0; r < 4; ++r) v[r] = load_blocks(d, from + r * k + c, 4 * k);
          transpose_blocks(d, v);
          for (std::int64_t r = 0; r < 4; ++r) hn::Store(v[r], d, numbers + (c + r) * kLanes);
        });
    }
#endif
    for (std::int64_t i = 0; i < kLanes; ++i)
      for (std::int64_t c = 0; c < k; ++c) numbers[c * kLanes + i] = from[i * k + c];
  }
  /// To `rows` of k numbers; `around`: past the caches where they are whole vectors.
  void store(T* to, std::int64_t rows, std::int64_t k, bool around) {
    around = around && rows == kLanes && streams_to(to, 0);
    T* const rows_first = around || rows < kLanes ? rows_ : to;
    transpose_to(rows_first, k);
    if (around)
      for (std::int64_t i = 0; i < k * kLanes; i += kLanes) hn::Stream(hn::Load(d, rows_ + i), d, to + i);
    else if (rows < kLanes)
      std::copy_n(rows_, rows * k, to);
  }

 private:
  using D = hn::ScalableTag<T>;
  using V = hn::Vec<D>;
  static constexpr D d{};
  static constexpr std::int64_t kLanes = hn::MaxLanes(D());

  /// Calls body(c) for columns [c, c + 4) that together are all k, the last four maybe a second time.
  template <class Body>
  HWY_INLINE static void each_four(std::int64_t k, const Body& body) {
    for (std::int64_t c = 0; c + 4 <= k; c += 4) body(c);
    if (k % 4 != 0) body(k - 4);
  }
  void transpose_to(T* to, std::int64_t k) const {
#if HWY_TARGET != HWY_SCALAR
    if constexpr (sizeof(T) == 4) {
      if (k >= 4)
        return each_four(k, [&](std::int64_t c) HWY_ATTR {
          V v[4];
          for (std::int64_t r = 0; r < 4; ++r) v[r] = hn::Load(d, numbers + (c + r) * kLanes);
          transpose_blocks(d, v);
          for (std::int64_t r = 0; r < 4; ++r) store_blocks(d, v[r], to + r * k + c, 4 * k);
        });
    }
#endif
    for (std::int64_t i = 0; i < kLanes; ++i)
      for (std::int64_t c = 0; c < k; ++c) to[i * k + c] = numbers[c * kLanes + i];
  }

  HWY_ALIGN T rows_[kNarrow * hn::MaxLanes(hn::ScalableTag<T>())];
};

}  // namespace s4l::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
