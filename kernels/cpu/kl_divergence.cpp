// With delta_k = z_k - clean_k and p = softmax(clean), the ratio log p~_k - log p_k is delta_k - L, L = log sum_k p_k
// exp(delta_k). Where all |delta| are small L = log1p(sum p expm1(delta)) keeps every digit, and so do the formulas of
// a class's share (formulas.h): VAT differentiates a divergence of nearly equal logits.
#include "s4l/core/ops/kl_divergence.h"

#include <array>
#include <limits>

#include "s4l/kernels/cpu/dot.h"
#include "s4l/kernels/cpu/past_caches.h"
#include "s4l/kernels/cpu/rows.h"
#include "s4l/kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "s4l/kernels/cpu/kl_divergence.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include "s4l/kernels/cpu/exp_of_negative-inl.h"
#include "s4l/kernels/cpu/log-inl.h"
#include "s4l/kernels/cpu/rows-inl.h"

#ifndef S4L_KERNELS_CPU_KL_DIVERGENCE
#define S4L_KERNELS_CPU_KL_DIVERGENCE
namespace s4l::cpu {

/// z and clean to gradients (or null), and each row's divergence.
template <class T>
struct KlRows {
  RowMatrices<T> m;
  T* divergence;
};

/// 2 / (j + 2)! of j = n - 1 to 0: expm1(r) - r = r^2 / 2 times their polynomial in r.
template <class T, std::size_t n>
constexpr std::array<T, n> gap_coefficients() {
  std::array<T, n> all{};
  T c = 1;
  for (std::size_t j = 0; j < n; ++j, c /= static_cast<T>(j + 2)) all[n - 1 - j] = c;
  return all;
}

}  // namespace s4l::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace s4l::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// expm1(r) - r, with all its digits for |r| <= 1.
template <class D, class V>
HWY_INLINE V gap_of(D d, V r) {
  using T = hn::TFromD<D>;
  constexpr auto kCoefficients = gap_coefficients < T, sizeof(T) == 4 ? 9 : 17 > ();
  V sum = hn::Set(d, kCoefficients[0]);
  for (std::size_t i = 1; i < kCoefficients.size(); ++i) sum = hn::MulAdd(sum, r, hn::Set(d, kCoefficients[i]));
  return hn::Mul(hn::Mul(hn::Mul(r, r), hn::Set(d, T(0.5))), sum);
}

/// A class's share of the divergence and of its gradient: of the latter what is multiplied with ratio - divergence
/// where the perturbed distribution comes first, and all of it where the clean one does. exp(log_perturbed) is taken
/// only where a ratio is not small.
template <bool kCleanFirst, class D, class V>
HWY_INLINE V share_of(D d, V log_perturbed, V clean, V ratio, V& slope) {
  const V one = hn::Set(d, 1), gap = gap_of(d, ratio);
  const auto small = hn::Le(hn::Abs(ratio), hn::Set(d, 0.5));
  const V change = hn::Mul(clean, hn::Add(ratio, gap));  // of the probability
  V share;
  if constexpr (kCleanFirst) {
    slope = change;
    share = hn::Mul(clean, gap);
  } else {
    slope = hn::Add(clean, change);
    share = hn::Mul(clean, hn::MulSub(ratio, hn::Add(ratio, gap), gap));
  }
  if (hn::AllTrue(d, small)) return share;
  const V perturbed = exp_of_negative(d, log_perturbed);
  if constexpr (kCleanFirst) {
    slope = hn::IfThenElse(small, slope, hn::Sub(perturbed, clean));
    return hn::IfThenElse(small, share, hn::NegMulAdd(clean, hn::Add(ratio, one), perturbed));
  } else {
    slope = hn::IfThenElse(small, slope, perturbed);
    return hn::IfThenElse(small, share, hn::MulAdd(perturbed, hn::Sub(ratio, one), clean));
  }
}

template <class T, bool kCleanFirst>
struct KlFormula {
  using D = hn::ScalableTag<T>;
  using V = hn::Vec<D>;
  static constexpr D d{};
  const KlRows<T>& rows;

  /// log sum exp of a row and, into `exps`, exp(x - max).
  struct Exponentials {
    V max, sum;
    V log_sum() const { return hn::Add(max, log_of_sum(d, sum)); }
  };
  template <class Lanes>
  HWY_INLINE Exponentials exponentials(const Lanes& lanes, const T* x, T* exps) const {
    const V max = lanes.largest(x);
    V sum[1] = {hn::Zero(d)};
    lanes.sum(sum, [&](std::int64_t at, auto some, V* to) HWY_ATTR {
      const V e = some.only(d, exp_of_negative(d, hn::Sub(some.load(d, x + at), max)));
      lanes.fetch(x + at);
      if (exps) some.store(d, e, exps + at);
      *to = hn::Add(*to, e);
    });
    return {max, sum[0]};
  }

  /// L, from clean's exponentials; NaN where a logit is.
  template <class Lanes>
  HWY_INLINE V shift_of(const Lanes& lanes, const T* z, const T* clean, const Exponentials& given,
                        const T* exps) const {
    const V zero = hn::Zero(d), one = hn::Set(d, T{1});
    V sums[3] = {zero, zero, zero};  // of e expm1(delta), of delta, and how many |delta| are more than 1
    lanes.sum(sums, [&](std::int64_t at, auto some, V* to) HWY_ATTR {
      const V delta = hn::Sub(some.load(d, z + at), some.load(d, clean + at));
      lanes.fetch(z + at);
      const V bounded = hn::Min(hn::Max(delta, hn::Set(d, T{-1})), one);
      to[0] = hn::MulAdd(some.load(d, exps + at), hn::Add(bounded, gap_of(d, bounded)), to[0]);
      to[1] = hn::Add(to[1], delta);
      to[2] = hn::Add(to[2], hn::IfThenElseZero(hn::Gt(hn::Abs(delta), one), one));
    });
    V shift = hn::Log1p(d, hn::Div(sums[0], given.sum));
    const auto near = hn::Eq(sums[2], zero);
    if (!hn::AllTrue(d, near)) {
      const V far = hn::Sub(exponentials(lanes, z, static_cast<T*>(nullptr)).log_sum(), given.log_sum());
      shift = hn::IfThenElse(near, shift, far);
    }
    return hn::IfThenElse(hn::IsNaN(sums[1]), sums[1], shift);
  }

  template <class Lanes>
  HWY_INLINE void operator()(const Lanes& lanes, std::int64_t row, const T* z, const T* clean, T* scratch,
                             T* gz) const {
    const Exponentials given = exponentials(lanes, clean, scratch);
    const V shift = shift_of(lanes, z, clean, given, scratch), log_clean = given.log_sum();
    const V inverse = hn::Div(hn::Set(d, T{1}), given.sum);
    V kl[1] = {hn::Zero(d)};
    lanes.sum(kl, [&](std::int64_t at, auto some, V* to) HWY_ATTR {
      const V c = some.load(d, clean + at), ratio = hn::Sub(hn::Sub(some.load(d, z + at), c), shift);
      const V log_perturbed = hn::Add(hn::Sub(c, log_clean), ratio);
      V slope;
      const V share =
          share_of<kCleanFirst>(d, log_perturbed, hn::Mul(some.load(d, scratch + at), inverse), ratio, slope);
      some.store(d, slope, scratch + at);
      *to = hn::Add(*to, some.only(d, share));
    });
    lanes.keep(kl[0], rows.divergence + row);
    if (gz == nullptr) return;
    const V weight = hn::Set(d, static_cast<T>(1 / static_cast<double>(rows.m.rows))), beyond = hn::Add(shift, kl[0]);
    lanes.write(gz, [&](std::int64_t at, auto some) HWY_ATTR {
      const V slope = hn::Mul(some.load(d, scratch + at), weight);
      if constexpr (kCleanFirst) return slope;
      return hn::Mul(slope, hn::Sub(hn::Sub(some.load(d, z + at), some.load(d, clean + at)), beyond));
    });
  }
};

template <class T>
void kl_rows(const KlRows<T>& rows, KlOrder order, std::int64_t begin, std::int64_t end, T* scratch) {
  if (order == KlOrder::clean_first)
    each_row(rows.m, begin, end, scratch, KlFormula<T, true>{rows});
  else
    each_row(rows.m, begin, end, scratch, KlFormula<T, false>{rows});
}

void kl_f32(const KlRows<float>& rows, KlOrder order, std::int64_t begin, std::int64_t end, float* scratch) {
  kl_rows(rows, order, begin, end, scratch);
}
void kl_f64(const KlRows<double>& rows, KlOrder order, std::int64_t begin, std::int64_t end, double* scratch) {
  kl_rows(rows, order, begin, end, scratch);
}

}  // namespace s4l::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace s4l::cpu {
namespace {

HWY_EXPORT(kl_f32);
HWY_EXPORT(kl_f64);

auto rows_kernel(float) { return HWY_DYNAMIC_DISPATCH(kl_f32); }
auto rows_kernel(double) { return HWY_DYNAMIC_DISPATCH(kl_f64); }

}  // namespace

void kl_divergence(const Tensor& z, const Tensor& clean, KlOrder order, const Tensor& loss, const Tensor& divergence,
                   const Tensor& gz) {
  const std::int64_t n = z.shape()[0];
  with_float(z.dtype(), [&]<class T>() {
    const KlRows<T> rows{
        {z.data<T>(), clean.data<T>(), gz ? gz.data<T>() : nullptr, n, z.shape()[1], gz && past_caches(gz)},
        divergence.data<T>()};
    const auto run = rows_kernel(T{});
    const double total = sum_rows(rows.m, [&](std::int64_t begin, std::int64_t end, T* scratch) {
      run(rows, order, begin, end, scratch);
      return sum(rows.divergence + begin, end - begin);
    });
    *loss.data<T>() = n == 0 ? T{0} : static_cast<T>(total / static_cast<double>(n));
  });
}

}  // namespace s4l::cpu
#endif
