#include "s4l/kernels/cpu/dot.h"

#include "s4l/kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "s4l/kernels/cpu/dot.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace s4l::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE hn::Vec<D> load(D d, const double* from) {
  return hn::LoadU(d, from);
}
template <class D>
HWY_INLINE hn::Vec<D> load(D d, const float* from) {
  return hn::PromoteTo(d, hn::LoadU(hn::Rebind<float, D>(), from));
}

/// The sum of term(vector of a, vector of b), which adds to its third argument, as four sums.
template <class T, class Term>
HWY_INLINE double sum_of(const T* a, const T* b, std::int64_t n, const Term& term) {
  constexpr std::int64_t kSums = 4;
  const hn::ScalableTag<double> d;
  const hn::CappedTag<double, 1> one;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  hn::Vec<decltype(d)> sums[kSums] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
  std::int64_t i = 0;
  for (; i + kSums * lanes <= n; i += kSums * lanes)
    for (std::int64_t k = 0; k < kSums; ++k)
      sums[k] = term(load(d, a + i + k * lanes), load(d, b + i + k * lanes), sums[k]);
  for (; i + lanes <= n; i += lanes) sums[0] = term(load(d, a + i), load(d, b + i), sums[0]);
  auto rest = hn::Zero(one);
  for (; i < n; ++i) rest = term(load(one, a + i), load(one, b + i), rest);
  const auto all = hn::Add(hn::Add(sums[0], sums[1]), hn::Add(sums[2], sums[3]));
  return hn::GetLane(hn::SumOfLanes(d, all)) + hn::GetLane(rest);
}

template <class T>
double dot_of(const T* a, const T* b, std::int64_t n) {
  return sum_of(a, b, n, [](auto x, auto y, auto so_far) HWY_ATTR { return hn::MulAdd(x, y, so_far); });
}
template <class T>
double distance_of(const T* a, const T* b, std::int64_t n) {
  return sum_of(a, b, n, [](auto x, auto y, auto so_far) HWY_ATTR {
    const auto difference = hn::Sub(x, y);
    return hn::MulAdd(difference, difference, so_far);
  });
}
template <class T>
double total_of(const T* a, std::int64_t n) {
  return sum_of(a, a, n, [](auto x, auto, auto so_far) HWY_ATTR { return hn::Add(so_far, x); });
}

double dot_f32(const float* a, const float* b, std::int64_t n) { return dot_of(a, b, n); }
double dot_f64(const double* a, const double* b, std::int64_t n) { return dot_of(a, b, n); }
double distance_f32(const float* a, const float* b, std::int64_t n) { return distance_of(a, b, n); }
double distance_f64(const double* a, const double* b, std::int64_t n) { return distance_of(a, b, n); }
double total_f32(const float* a, std::int64_t n) { return total_of(a, n); }
double total_f64(const double* a, std::int64_t n) { return total_of(a, n); }

}  // namespace s4l::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace s4l::cpu {

HWY_EXPORT(dot_f32);
HWY_EXPORT(dot_f64);
HWY_EXPORT(distance_f32);
HWY_EXPORT(distance_f64);
HWY_EXPORT(total_f32);
HWY_EXPORT(total_f64);

double dot(const float* a, const float* b, std::int64_t n) { return HWY_DYNAMIC_DISPATCH(dot_f32)(a, b, n); }
double dot(const double* a, const double* b, std::int64_t n) { return HWY_DYNAMIC_DISPATCH(dot_f64)(a, b, n); }
double squared_distance(const float* a, const float* b, std::int64_t n) {
  return HWY_DYNAMIC_DISPATCH(distance_f32)(a, b, n);
}
double squared_distance(const double* a, const double* b, std::int64_t n) {
  return HWY_DYNAMIC_DISPATCH(distance_f64)(a, b, n);
}
double sum(const float* a, std::int64_t n) { return HWY_DYNAMIC_DISPATCH(total_f32)(a, n); }
double sum(const double* a, std::int64_t n) { return HWY_DYNAMIC_DISPATCH(total_f64)(a, n); }

}  // namespace s4l::cpu
#endif
