// A row is read from memory once; what follows finds it in the cache. With s_k = z_k - max z, e_k = exp(s_k) and
// E = sum e: log p_k = s_k - log E, H = log E - sum e_k s_k / E, and of row i's share of the loss
//   N gz_k = c (T p_k - t_k) - h p_k (log p_k + H),  t the (smoothed) label row, T its sum, c and h the weights.
#include "s4l/core/ops/softmax_entropy.h"

#include <algorithm>
#include <atomic>
#include <limits>

#include "s4l/kernels/cpu/dot.h"
#include "s4l/kernels/cpu/past_caches.h"
#include "s4l/kernels/cpu/rows.h"
#include "s4l/kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "s4l/kernels/cpu/softmax_entropy.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include "s4l/kernels/cpu/exp_of_negative-inl.h"
#include "s4l/kernels/cpu/log-inl.h"
#include "s4l/kernels/cpu/rows-inl.h"

#ifndef S4L_KERNELS_CPU_SOFTMAX_ENTROPY
#define S4L_KERNELS_CPU_SOFTMAX_ENTROPY
namespace s4l::cpu {

/// Logits and soft labels (or null) to gradients (or null); hard labels, or null; and what each row is worth.
template <class T>
struct EntropyRows {
  RowMatrices<T> m;
  const std::int32_t* labels;
  T *cross_entropy, *entropy, *hit;
  SoftmaxEntropyOptions options;
};

}  // namespace s4l::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace s4l::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// `factor` times x, 0 where the factor is: x may be infinite there.
template <class V>
HWY_INLINE V weighted(V factor, V x) {
  return hn::IfThenElseZero(hn::Ne(factor, hn::Zero(hn::DFromV<V>())), hn::Mul(factor, x));
}

template <class T, bool kSoft>
struct EntropyFormula {
  using D = hn::ScalableTag<T>;
  using V = hn::Vec<D>;
  static constexpr D d{};
  const EntropyRows<T>& rows;
  V own, every, classes;  // what a label weighs: of its own class (or times the soft row), of every one of so many
  V c, h;                 // the weights of the loss, divided by the rows

  explicit EntropyFormula(const EntropyRows<T>& r)
      : rows(r),
        own(set(1 - r.options.label_smoothing)),
        every(set(r.options.label_smoothing / static_cast<double>(r.m.columns))),
        classes(set(static_cast<double>(r.m.columns))),
        c(set(r.options.cross_entropy / static_cast<double>(r.m.rows))),
        h(set(r.options.entropy / static_cast<double>(r.m.rows))) {}
  static V set(double x) { return hn::Set(d, static_cast<T>(x)); }

  /// A row's label, or -1, and its weights.
  struct Label {
    V place, own, every;
  };
  template <class Lanes>
  HWY_INLINE Label label_of(const Lanes& lanes, std::int64_t row, const T* t) const {
    if constexpr (kSoft) return {lanes.first(t, lanes.largest(t)), own, every};
    if (!rows.labels) return {set(-1), hn::Zero(d), hn::Zero(d)};
    const V place = lanes.given(rows.labels + row);
    const auto given = hn::Ge(place, hn::Zero(d));
    return {place, hn::IfThenElseZero(given, own), hn::IfThenElseZero(given, every)};
  }

  template <class Lanes>
  HWY_INLINE void operator()(const Lanes& lanes, std::int64_t row, const T* z, const T* t, T* exps, T* gz) const {
    const V zero = hn::Zero(d), nan = hn::Set(d, std::numeric_limits<T>::quiet_NaN());
    const Label label = label_of(lanes, row, t);
    const V max = lanes.largest(z);
    V sums[kSoft ? 5 : 3] = {zero, zero, zero};  // of e, e s, s, and of t, t s
    lanes.sum(sums, [&](std::int64_t at, auto some, V* to) HWY_ATTR {
      const V s = some.only(d, hn::Sub(some.load(d, z + at), max)), e = some.only(d, exp_of_negative(d, s));
      lanes.fetch(z + at);
      some.store(d, e, exps + at);
      to[0] = hn::Add(to[0], e);
      to[1] = hn::MulAdd(e, finite(s), to[1]);
      to[2] = hn::Add(to[2], s);
      if constexpr (kSoft) {
        const V share = some.load(d, t + at);
        to[3] = hn::Add(to[3], share);
        to[4] = hn::Add(to[4], weighted(share, s));
      }
    });
    const auto none = hn::Or(hn::Eq(sums[0], zero), hn::IsNaN(sums[2]));  // only -inf, or a NaN: no distribution
    const V sum_e = hn::IfThenElse(none, nan, sums[0]), inverse = hn::Div(set(1), sum_e);
    const V log_e = hn::IfThenElse(none, nan, log_of_sum(d, sum_e)), mean_s = hn::Mul(sums[1], inverse);
    V sum_t = label.own, sum_t_s = weighted(label.own, hn::Sub(lanes.at(z, label.place), max));
    if constexpr (kSoft) sum_t = hn::Mul(own, sums[3]), sum_t_s = weighted(own, sums[4]);
    const V total = hn::MulAdd(label.every, classes, sum_t);
    const V cross_entropy = hn::Sub(hn::Sub(hn::Mul(total, log_e), sum_t_s), weighted(label.every, sums[2]));
    const auto hits = hn::And(hn::Eq(lanes.first(z, max), label.place), hn::Ge(label.place, zero));
    lanes.keep(cross_entropy, rows.cross_entropy + row);
    lanes.keep(hn::Sub(log_e, mean_s), rows.entropy + row);
    lanes.keep(hn::IfThenElseZero(hits, set(1)), rows.hit + row);
    if (gz == nullptr) return;
    const V a = hn::Mul(hn::MulAdd(h, mean_s, hn::Mul(c, total)), inverse), b = hn::Mul(h, inverse);
    const V mine = hn::Mul(c, label.own), flat = hn::Mul(c, label.every);
    lanes.write(gz, [&](std::int64_t at, auto some) HWY_ATTR {
      const V s = hn::Sub(some.load(d, z + at), max), e = some.load(d, exps + at);
      const V g = hn::MulSub(e, hn::NegMulAdd(b, finite(s), a), flat);
      if constexpr (kSoft) return hn::NegMulAdd(mine, some.load(d, t + at), g);
      return hn::IfThenElse(hn::Eq(lanes.number(at), label.place), hn::Sub(g, mine), g);
    });
  }
};

template <class T>
void entropy_rows(const EntropyRows<T>& rows, std::int64_t begin, std::int64_t end, T* scratch) {
  if (rows.m.b)
    each_row(rows.m, begin, end, scratch, EntropyFormula<T, true>{rows});
  else
    each_row(rows.m, begin, end, scratch, EntropyFormula<T, false>{rows});
}

void entropy_rows_f32(const EntropyRows<float>& rows, std::int64_t begin, std::int64_t end, float* scratch) {
  entropy_rows(rows, begin, end, scratch);
}
void entropy_rows_f64(const EntropyRows<double>& rows, std::int64_t begin, std::int64_t end, double* scratch) {
  entropy_rows(rows, begin, end, scratch);
}

}  // namespace s4l::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace s4l::cpu {
namespace {

HWY_EXPORT(entropy_rows_f32);
HWY_EXPORT(entropy_rows_f64);

auto rows_kernel(float) { return HWY_DYNAMIC_DISPATCH(entropy_rows_f32); }
auto rows_kernel(double) { return HWY_DYNAMIC_DISPATCH(entropy_rows_f64); }

void check_labels(const std::int32_t* labels, std::int64_t n, std::int64_t k) {
  std::atomic<bool> wrong = false;
  const auto last = static_cast<std::uint32_t>(k - 1);
  parallel_blocks(n, 1 << 16, [&](std::int64_t begin, std::int64_t end) {
    // The signs of label + 1 and last - label together: SSE2, which this is compiled for, has no minimum of integers.
    std::uint32_t below_zero = 0;
    for (std::int64_t i = begin; i < end; ++i) {
      const auto label = static_cast<std::uint32_t>(labels[i]);
      below_zero |= (label + 1) | (last - label);
    }
    if (below_zero >> 31 != 0) wrong = true;
  });
  for (std::int64_t i = 0; wrong && i < n; ++i)
    check(-1 <= labels[i] && labels[i] < k, "softmax_entropy: expected labels from -1 to {}, got {} in row {}", k - 1,
          labels[i], i);
}

}  // namespace

void softmax_entropy(const Tensor& z, const Tensor& labels, const SoftmaxEntropyOptions& options, const Tensor& loss,
                     const Tensor& cross_entropy, const Tensor& entropy, const Tensor& hit, const Tensor& gz) {
  const std::int64_t n = z.shape()[0], k = z.shape()[1];
  const bool hard = labels && labels.dtype() == DType::i32;
  if (hard) check_labels(labels.data<std::int32_t>(), n, k);
  with_float(z.dtype(), [&]<class T>() {
    const EntropyRows<T> rows{{z.data<T>(), labels && !hard ? labels.data<T>() : nullptr, gz ? gz.data<T>() : nullptr,
                               n, k, gz && past_caches(gz)},
                              hard ? labels.data<std::int32_t>() : nullptr,
                              cross_entropy.data<T>(),
                              entropy.data<T>(),
                              hit.data<T>(),
                              options};
    const auto run = rows_kernel(T{});
    const double worth = sum_rows(rows.m, [&](std::int64_t begin, std::int64_t end, T* scratch) {
      run(rows, begin, end, scratch);
      return options.cross_entropy * sum(rows.cross_entropy + begin, end - begin) +
             options.entropy * sum(rows.entropy + begin, end - begin);
    });
    *loss.data<T>() = n == 0 ? T{0} : static_cast<T>(worth / static_cast<double>(n));
  });
}

}  // namespace s4l::cpu
#endif
