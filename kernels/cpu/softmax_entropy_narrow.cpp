// The formulas of softmax_entropy.cpp, with a row in each lane: a vector holds one class of as many rows.
#include "s4l/kernels/cpu/softmax_entropy_narrow.h"

#include <algorithm>
#include <limits>

#include "s4l/kernels/cpu/parallel.h"
#include "s4l/kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "s4l/kernels/cpu/softmax_entropy_narrow.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include "s4l/kernels/cpu/exp_of_negative-inl.h"

HWY_BEFORE_NAMESPACE();
namespace s4l::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// As many rows as D has lanes, class by class.
template <class D>
using Columns = hn::TFromD<D>[kNarrow * hn::MaxLanes(D())];

/// What the rows' labels weigh: of the row's own class, of every class, and their sum.
template <class V>
struct Weights {
  V label, own, every, sum;
};

template <class D>
Weights<hn::Vec<D>> weights_of(D d, const std::int32_t* labels, std::int64_t count, std::int64_t k, double smoothing) {
  using T = hn::TFromD<D>;
  HWY_ALIGN T places[hn::MaxLanes(D())];
  std::fill(std::begin(places), std::end(places), T{-1});
  for (std::int64_t i = 0; labels != nullptr && i < count; ++i) places[i] = static_cast<T>(labels[i]);
  const auto label = hn::Load(d, places);
  const auto given = hn::Ge(label, hn::Zero(d));
  const auto own = hn::IfThenElseZero(given, hn::Set(d, static_cast<T>(1 - smoothing)));
  const auto every = hn::IfThenElseZero(given, hn::Set(d, static_cast<T>(smoothing / static_cast<double>(k))));
  return {label, own, every, hn::MulAdd(every, hn::Set(d, static_cast<T>(k)), own)};
}

/// `factor` times x, 0 where the factor is: x may be infinite there.
template <class V>
HWY_INLINE V weighted(V factor, V x) {
  return hn::IfThenElseZero(hn::Ne(factor, hn::Zero(hn::DFromV<V>())), hn::Mul(factor, x));
}

/// `count` rows from `first` on, whose logits are in z; leaves their gradient there where it is wanted.
template <class D, class T>
void rows_in_lanes(D d, const NarrowRows<T>& r, const SoftmaxEntropyOptions& options, std::int64_t first,
                   std::int64_t count, Columns<D>& z) {
  using V = hn::Vec<D>;
  const std::int64_t k = r.classes, lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const V zero = hn::Zero(d), nan = hn::Set(d, std::numeric_limits<T>::quiet_NaN());
  const auto w = weights_of(d, r.labels ? r.labels + first : nullptr, count, k, options.label_smoothing);
  V max = hn::Set(d, std::numeric_limits<T>::lowest()), winner = hn::Set(d, T{-2});
  for (std::int64_t c = 0; c < k; ++c) {
    const V x = hn::Load(d, z + c * lanes);
    const auto larger = hn::Gt(x, max);
    max = hn::IfThenElse(larger, x, max);
    winner = hn::IfThenElse(larger, hn::Set(d, static_cast<T>(c)), winner);
  }
  HWY_ALIGN Columns<D> exps;
  V sum_e = zero, sum_e_s = zero, sum_s = zero, own_s = zero;
  for (std::int64_t c = 0; c < k; ++c) {
    const V s = hn::Sub(hn::Load(d, z + c * lanes), max), e = exp_of_negative(d, s);
    hn::Store(e, d, exps + c * lanes);
    sum_e = hn::Add(sum_e, e);
    sum_e_s = hn::MulAdd(e, where_positive(e, s), sum_e_s);
    sum_s = hn::Add(sum_s, s);
    own_s = hn::IfThenElse(hn::Eq(w.label, hn::Set(d, static_cast<T>(c))), s, own_s);
  }
  const auto none = hn::Or(hn::Eq(sum_e, zero), hn::Not(hn::Eq(sum_s, sum_s)));  // only -inf, or a NaN: no distribution
  sum_e = hn::IfThenElse(none, nan, sum_e);
  const V log_e = hn::IfThenElse(none, nan, hn::Log(d, sum_e)), mean_s = hn::Div(sum_e_s, sum_e),
          entropy = hn::Sub(log_e, mean_s);
  const V cross_entropy = hn::Sub(hn::Sub(hn::Mul(w.sum, log_e), weighted(w.own, own_s)), weighted(w.every, sum_s));
  HWY_ALIGN T results[3 * hn::MaxLanes(D())];
  hn::Store(cross_entropy, d, results);
  hn::Store(entropy, d, results + lanes);
  hn::Store(hn::IfThenElseZero(hn::Eq(winner, w.label), hn::Set(d, T{1})), d, results + 2 * lanes);
  std::copy_n(results, count, r.cross_entropy + first);
  std::copy_n(results + lanes, count, r.entropy + first);
  std::copy_n(results + 2 * lanes, count, r.hit + first);
  if (!r.gz) return;
  const auto n = static_cast<double>(r.rows);
  const V cw = hn::Set(d, static_cast<T>(options.cross_entropy / n)),
          hw = hn::Set(d, static_cast<T>(options.entropy / n));
  const V a = hn::Div(hn::MulAdd(hw, mean_s, hn::Mul(cw, w.sum)), sum_e), b = hn::Div(hw, sum_e);
  for (std::int64_t c = 0; c < k; ++c) {
    const V s = hn::Sub(hn::Load(d, z + c * lanes), max), e = hn::Load(d, exps + c * lanes);
    const V own = hn::IfThenElseZero(hn::Eq(w.label, hn::Set(d, static_cast<T>(c))), w.own);
    const V slope = hn::NegMulAdd(b, where_positive(e, s), a);
    hn::Store(hn::MulSub(e, slope, hn::Mul(cw, hn::Add(own, w.every))), d, z + c * lanes);
  }
}

template <class T>
void narrow(const NarrowRows<T>& r, const SoftmaxEntropyOptions& options, std::int64_t begin, std::int64_t end) {
  const hn::ScalableTag<T> d;
  const std::int64_t k = r.classes, lanes = static_cast<std::int64_t>(hn::Lanes(d));
  HWY_ALIGN Columns<decltype(d)> z = {};
  for (std::int64_t first = begin; first < end; first += lanes) {
    const std::int64_t count = std::min(lanes, end - first);
    const T* const from = r.z + first * k;
    T* const to = r.gz + (r.gz ? first * k : 0);
    const bool fours = k == 4 && count == lanes;  // the rotations
    if (fours) {
      hn::Vec<decltype(d)> a, b, c, e;
      hn::LoadInterleaved4(d, from, a, b, c, e);
      hn::Store(a, d, z);
      hn::Store(b, d, z + lanes);
      hn::Store(c, d, z + 2 * lanes);
      hn::Store(e, d, z + 3 * lanes);
    } else {
      for (std::int64_t i = 0; i < count; ++i)
        for (std::int64_t c = 0; c < k; ++c) z[c * lanes + i] = from[i * k + c];
    }
    rows_in_lanes(d, r, options, first, count, z);
    if (!r.gz) continue;
    if (fours)
      hn::StoreInterleaved4(hn::Load(d, z), hn::Load(d, z + lanes), hn::Load(d, z + 2 * lanes),
                            hn::Load(d, z + 3 * lanes), d, to);
    else
      for (std::int64_t i = 0; i < count; ++i)
        for (std::int64_t c = 0; c < k; ++c) to[i * k + c] = z[c * lanes + i];
  }
}

void narrow_f32(const NarrowRows<float>& r, const SoftmaxEntropyOptions& options, std::int64_t begin,
                std::int64_t end) {
  narrow(r, options, begin, end);
}
void narrow_f64(const NarrowRows<double>& r, const SoftmaxEntropyOptions& options, std::int64_t begin,
                std::int64_t end) {
  narrow(r, options, begin, end);
}

}  // namespace s4l::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace s4l::cpu {
namespace {

HWY_EXPORT(narrow_f32);
HWY_EXPORT(narrow_f64);

constexpr std::int64_t kBlock = 1 << 10;  // rows

}  // namespace

template <>
void narrow_softmax_entropy(const NarrowRows<float>& r, const SoftmaxEntropyOptions& options) {
  const auto run = HWY_DYNAMIC_DISPATCH(narrow_f32);
  parallel_blocks(r.rows, kBlock, [&](std::int64_t begin, std::int64_t end) { run(r, options, begin, end); });
}
template <>
void narrow_softmax_entropy(const NarrowRows<double>& r, const SoftmaxEntropyOptions& options) {
  const auto run = HWY_DYNAMIC_DISPATCH(narrow_f64);
  parallel_blocks(r.rows, kBlock, [&](std::int64_t begin, std::int64_t end) { run(r, options, begin, end); });
}

}  // namespace s4l::cpu
#endif
