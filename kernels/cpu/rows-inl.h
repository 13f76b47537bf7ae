// A formula of rows is written once, for one set of lanes or the other, and each_row() chooses: the lanes are classes
// of one row, and `sum` adds them up; or each lane is a row of its own, of few classes, turned into columns before. Per
// target: include it after hwy/foreach_target.h, as Highway's own -inl headers.
#if defined(S4L_KERNELS_CPU_ROWS) == defined(HWY_TARGET_TOGGLE)
#ifdef S4L_KERNELS_CPU_ROWS
#undef S4L_KERNELS_CPU_ROWS
#else
#define S4L_KERNELS_CPU_ROWS
#endif

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <limits>

#include "s4l/kernels/cpu/columns-inl.h"
#include "s4l/kernels/cpu/past_caches.h"
#include "s4l/kernels/cpu/rows.h"

#ifndef S4L_KERNELS_CPU_ROWS_CLASS
#define S4L_KERNELS_CPU_ROWS_CLASS
namespace s4l::cpu {

template <class T>
constexpr std::array<T, kNarrow> class_numbers() {
  std::array<T, kNarrow> all{};
  for (std::size_t c = 0; c < all.size(); ++c) all[c] = static_cast<T>(c);
  return all;
}
/// The numbers of classes, to be loaded: faster than converting them.
template <class T>
inline constexpr std::array<T, kNarrow> kClass = class_numbers<T>();

}  // namespace s4l::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace s4l::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// All lanes of a vector.
struct Whole {
  template <class D, class T>
  HWY_INLINE hn::Vec<D> load(D d, const T* from, T = 0) const {
    return hn::LoadU(d, from);
  }
  template <class D, class T>
  HWY_INLINE void store(D d, hn::Vec<D> v, T* to) const {
    hn::StoreU(v, d, to);
  }
  template <class D>
  HWY_INLINE hn::Vec<D> only(D, hn::Vec<D> v) const {
    return v;
  }
};

/// The first `count` lanes; the others load as `fill` and are not stored.
struct Part {
  std::int64_t count;

  template <class D, class T>
  HWY_INLINE hn::Vec<D> load(D d, const T* from, T fill = 0) const {
#if HWY_TARGET <= HWY_AVX2  // older ones read the lanes that are masked
    const auto given = hn::FirstN(d, static_cast<std::size_t>(count));
    return hn::IfThenElse(given, hn::MaskedLoad(given, d, from), hn::Set(d, fill));
#else
    HWY_ALIGN T lanes[hn::MaxLanes(D())];
    hn::Store(hn::Set(d, fill), d, lanes);
    std::copy_n(from, count, lanes);
    return hn::Load(d, lanes);
#endif
  }
  template <class D, class T>
  HWY_INLINE void store(D d, hn::Vec<D> v, T* to) const {
#if HWY_TARGET <= HWY_AVX2
    hn::BlendedStore(v, hn::FirstN(d, static_cast<std::size_t>(count)), d, to);
#else
    HWY_ALIGN T lanes[hn::MaxLanes(D())];
    hn::Store(v, d, lanes);
    std::copy_n(lanes, count, to);
#endif
  }
  /// v, and 0 in the other lanes.
  template <class D>
  HWY_INLINE hn::Vec<D> only(D d, hn::Vec<D> v) const {
    return hn::IfThenElseZero(hn::FirstN(d, static_cast<std::size_t>(count)), v);
  }
};

/// The lanes are classes of one row. Bodies are called with the place of a vector's first class, which is its number
/// too, and with Whole or Part.
template <class T>
struct ClassLanes {
  using D = hn::ScalableTag<T>;
  using V = hn::Vec<D>;
  static constexpr D d{};
  std::int64_t classes;
  bool around = false;  // write past the caches

  static std::int64_t lanes() { return static_cast<std::int64_t>(hn::Lanes(d)); }

  template <class Body>
  HWY_INLINE void each(std::int64_t begin, std::int64_t end, const Body& body) const {
    for (; begin + lanes() <= end; begin += lanes()) body(begin, Whole());
    if (begin < end) body(begin, Part{end - begin});
  }
  /// Adds body(place, lanes, sums)'s to `sums` and makes of each the sum of all its lanes, in all its lanes.
  template <std::size_t kSums, class Body>
  HWY_INLINE void sum(V (&sums)[kSums], const Body& body) const {
    constexpr std::int64_t kBlock = 2048;  // sums of sums: a long row's rounding does not grow with it
    for (std::int64_t begin = 0; begin < classes; begin += kBlock) {
      V part[kSums];
      for (V& v : part) v = hn::Zero(d);
      each(begin, std::min(begin + kBlock, classes),
           [&](std::int64_t at, auto some) HWY_ATTR { body(at, some, part); });
      for (std::size_t i = 0; i < kSums; ++i) sums[i] = hn::Add(sums[i], part[i]);
    }
    for (V& v : sums) v = hn::SumOfLanes(d, v);
  }
  /// What body(place, lanes) gives becomes the row `to`.
  template <class Body>
  HWY_INLINE void write(T* to, const Body& body) const {
    std::int64_t begin = 0;
    if (around) {
      const auto past = static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(to) / sizeof(T)) % lanes();
      begin = std::min(classes, (lanes() - past) % lanes());
      if (begin > 0) Part{begin}.store(d, body(0, Part{begin}), to);
      for (; begin + lanes() <= classes; begin += lanes()) hn::Stream(body(begin, Whole()), d, to + begin);
    }
    each(begin, classes, [&](std::int64_t at, auto some) HWY_ATTR { some.store(d, body(at, some), to + at); });
  }
  /// Asks for the row after the one that x points into.
  HWY_INLINE void fetch(const T* x) const { hwy::Prefetch(x + classes); }

  V largest(const T* x) const {
    V most = hn::Set(d, std::numeric_limits<T>::lowest()), also = most;
    std::int64_t at = 0;
    for (; at + 2 * lanes() <= classes; at += 2 * lanes()) {
      most = hn::Max(most, hn::LoadU(d, x + at));
      also = hn::Max(also, hn::LoadU(d, x + at + lanes()));
    }
    each(at, classes, [&](std::int64_t i, auto some) HWY_ATTR {
      most = hn::Max(most, some.load(d, x + i, std::numeric_limits<T>::lowest()));
    });
    return hn::MaxOfLanes(d, hn::Max(most, also));
  }
  /// The first class of which x is `value`, or -2.
  V first(const T* x, V value) const {
    std::int64_t at = 0;
    for (; at + lanes() <= classes; at += lanes())
      if (const auto found = hn::FindFirstTrue(d, hn::Eq(hn::LoadU(d, x + at), value)); found >= 0)
        return hn::Set(d, static_cast<T>(at + found));
    for (; at < classes; ++at)
      if (x[at] == hn::GetLane(value)) return hn::Set(d, static_cast<T>(at));
    return hn::Set(d, T{-2});
  }
  HWY_INLINE V number(std::int64_t at) const { return hn::Iota(d, static_cast<T>(at)); }
  /// x of class `place`; of any where that is negative.
  V at(const T* x, V place) const {
    return hn::Set(d, x[std::max<std::int64_t>(0, static_cast<std::int64_t>(hn::GetLane(place)))]);
  }
  V given(const std::int32_t* labels) const { return hn::Set(d, static_cast<T>(*labels)); }
  void keep(V result, T* to) const { *to = hn::GetLane(result); }
};

/// Each lane is a row; a vector is one of its few classes, and what is said of ClassLanes holds here lane by lane.
template <class T>
struct RowLanes {
  using D = hn::ScalableTag<T>;
  using V = hn::Vec<D>;
  static constexpr D d{};
  std::int64_t classes, rows;  // of which the last may be fewer than lanes

  static std::int64_t lanes() { return static_cast<std::int64_t>(hn::Lanes(d)); }

  template <std::size_t kSums, class Body>
  HWY_INLINE void sum(V (&sums)[kSums], const Body& body) const {
    for (std::int64_t at = 0; at < classes * lanes(); at += lanes()) body(at, Whole(), sums);
  }
  template <class Body>
  HWY_INLINE void write(T* to, const Body& body) const {
    for (std::int64_t at = 0; at < classes * lanes(); at += lanes()) hn::Store(body(at, Whole()), d, to + at);
  }
  HWY_INLINE void fetch(const T*) const {}
  V largest(const T* x) const {
    V most = hn::Set(d, std::numeric_limits<T>::lowest());
    for (std::int64_t c = 0; c < classes; ++c) most = hn::Max(most, hn::Load(d, x + c * lanes()));
    return most;
  }
  V first(const T* x, V value) const {
    V place = hn::Set(d, T{-2});
    for (std::int64_t c = classes; c-- > 0;)
      place = hn::IfThenElse(hn::Eq(hn::Load(d, x + c * lanes()), value), hn::Set(d, kClass<T>[c]), place);
    return place;
  }
  HWY_INLINE V number(std::int64_t at) const { return hn::Set(d, kClass<T>[at / lanes()]); }
  V at(const T* x, V place) const {  // a gather takes as long as ten classes
    V found = hn::Zero(d);
    for (std::int64_t c = 0; c < classes; ++c)
      found = hn::IfThenElse(hn::Eq(place, hn::Set(d, kClass<T>[c])), hn::Load(d, x + c * lanes()), found);
    return found;
  }
  V given(const std::int32_t* labels) const {
    if (rows == lanes()) {
      const auto whole = hn::LoadU(hn::Rebind<std::int32_t, D>(), labels);
      if constexpr (sizeof(T) == 4)
        return hn::ConvertTo(d, whole);
      else
        return hn::PromoteTo(d, whole);
    }
    HWY_ALIGN T places[hn::MaxLanes(D())];
    for (std::int64_t i = 0; i < lanes(); ++i) places[i] = i < rows ? static_cast<T>(labels[i]) : T{-1};
    return hn::Load(d, places);
  }
  void keep(V result, T* to) const {
    if (rows == lanes()) return hn::StoreU(result, d, to);
    Part{rows}.store(d, result, to);
  }
};

/// Calls formula(lanes, row, a, b, row's scratch, to) for rows [begin, end); b and to are null where they are not
/// wanted.
template <class T, class Formula>
void each_row(const RowMatrices<T>& m, std::int64_t begin, std::int64_t end, T* scratch, const Formula& formula) {
  const std::int64_t k = m.columns, lanes = RowLanes<T>::lanes();
  if (k > kNarrow) {
    const ClassLanes<T> row{k, m.around};
    for (std::int64_t i = begin; i < end; ++i)
      formula(row, i, m.a + i * k, m.b ? m.b + i * k : nullptr, scratch, m.to ? m.to + i * k : nullptr);
  } else {
    Columns<T> a, b, scrap;
    for (std::int64_t i = begin; i < end; i += lanes) {
      const RowLanes<T> rows{k, std::min(lanes, end - i)};
      a.load(m.a + i * k, rows.rows, k);
      if (m.b) b.load(m.b + i * k, rows.rows, k);
      formula(rows, i, a.numbers, m.b ? b.numbers : nullptr, scrap.numbers, m.to ? a.numbers : nullptr);
      if (m.to) a.store(m.to + i * k, rows.rows, k, m.around);
    }
  }
  if (m.around) hwy::FlushStream();
}

}  // namespace s4l::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
