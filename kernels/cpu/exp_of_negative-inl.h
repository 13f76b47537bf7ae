// Per target: include it after hwy/foreach_target.h, as Highway's own -inl headers.
#if defined(S4L_KERNELS_CPU_EXP_OF_NEGATIVE) == defined(HWY_TARGET_TOGGLE)
#ifdef S4L_KERNELS_CPU_EXP_OF_NEGATIVE
#undef S4L_KERNELS_CPU_EXP_OF_NEGATIVE
#else
#define S4L_KERNELS_CPU_EXP_OF_NEGATIVE
#endif

#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace s4l::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// exp(s) for s <= 0; what would be denormal is 0.
template <class D>
HWY_INLINE hn::Vec<D> exp_of_negative(D d, hn::Vec<D> s) {
  if constexpr (sizeof(hn::TFromD<D>) == 8) {
    return hn::Exp(d, s);
  } else {  // 2^n exp(r), |r| <= ln 2 / 2: a polynomial, and n added to the exponent; half of what Highway's costs
    const hn::Rebind<std::int32_t, D> d32;
    constexpr float kSmallest = -87.0f, kRounding = 12582912.0f;  // the sum with 1.5 2^23 ends in n
    const auto shifted = hn::MulAdd(s, hn::Set(d, 1.44269504f), hn::Set(d, kRounding));
    const auto n = hn::Sub(shifted, hn::Set(d, kRounding));
    auto r = hn::NegMulAdd(n, hn::Set(d, 0.693145752f), s);
    r = hn::NegMulAdd(n, hn::Set(d, 1.42860677e-6f), r);
    auto p = hn::MulAdd(r, hn::Set(d, 1.38144669e-3f), hn::Set(d, 8.36878041e-3f));  // minimax: 3e-9 of exp(r)
    p = hn::MulAdd(r, p, hn::Set(d, 4.16683942e-2f));
    p = hn::MulAdd(r, p, hn::Set(d, 1.66665201e-1f));
    p = hn::MulAdd(r, p, hn::Set(d, 4.99999934e-1f));
    p = hn::MulAdd(r, hn::MulAdd(r, p, hn::Set(d, 1.0f)), hn::Set(d, 1.0f));
    const auto exponent = hn::ShiftLeft<23>(hn::BitCast(d32, shifted));
    const auto e = hn::BitCast(d, hn::Add(hn::BitCast(d32, p), exponent));
    return hn::IfThenElseZero(hn::Gt(s, hn::Set(d, kSmallest)), e);
  }
}

/// s, or what has no probability either but is finite: a logit of -inf is left out of sum e s, since 0 times this is 0.
template <class V>
HWY_INLINE V finite(V s) {
  return hn::Max(s, hn::Set(hn::DFromV<V>(), -1000));
}

}  // namespace s4l::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
