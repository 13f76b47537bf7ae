// Per target: include it after hwy/foreach_target.h, as Highway's own -inl headers.
#if defined(S4L_KERNELS_CPU_LOG) == defined(HWY_TARGET_TOGGLE)
#ifdef S4L_KERNELS_CPU_LOG
#undef S4L_KERNELS_CPU_LOG
#else
#define S4L_KERNELS_CPU_LOG
#endif

#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace s4l::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// The coefficients' polynomial in x, the highest first.
template <class D, std::size_t n>
HWY_INLINE hn::Vec<D> polynomial(D d, hn::Vec<D> x, const float (&coefficients)[n]) {
  auto sum = hn::Set(d, coefficients[0]);
#pragma GCC unroll 8
  for (std::size_t i = 1; i < n; ++i) sum = hn::MulAdd(sum, x, hn::Set(d, coefficients[i]));
  return sum;
}

/// log(x 2^shift) of normal f32 x > 0, from x = 2^e (1 + m), sqrt(1/2) <= 1 + m < sqrt(2): no division, as Highway's
/// has.
template <class D>
HWY_INLINE hn::Vec<D> log_of_normal(D d, hn::Vec<D> x, std::int32_t shift = 0) {
  const hn::RebindToSigned<D> di;
  const auto bits = hn::BitCast(di, x), e = hn::ShiftRight<23>(hn::Sub(bits, hn::Set(di, 0x3f3504f3)));
  const auto m = hn::Sub(hn::BitCast(d, hn::Sub(bits, hn::ShiftLeft<23>(e))), hn::Set(d, 1));
  const auto p = polynomial(d, m,
                            {0.0873484439f, -0.143075223f, 0.149179734f, -0.165705081f, 0.199620721f, -0.250017553f,
                             0.333339502f, -0.499999916f});  // minimax: 3e-8 of m + m^2 p(m)
  const auto log_m = hn::MulAdd(hn::Mul(m, m), p, m);
  return hn::MulAdd(hn::ConvertTo(d, hn::Add(e, hn::Set(di, shift))), hn::Set(d, 0.693147181f), log_m);
}

/// log of a sum of exponentials whose largest is 1.
template <class D>
HWY_INLINE hn::Vec<D> log_of_sum(D d, hn::Vec<D> sum) {
  if constexpr (sizeof(hn::TFromD<D>) == 8)
    return hn::Log(d, sum);
  else
    return log_of_normal(d, sum);
}

}  // namespace s4l::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
