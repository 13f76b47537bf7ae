// Channels are contiguous, so a vector is a run of channels. kN rows go together, so that parameters and sums are
// loaded once for them; rows of kLongRow channels go one by one, in the order in which they lie, or the prefetcher
// would lose them, unless the parameters of kLongestRow fill the first cache. Sums of x and x^2 are kept in double: the
// square of a float is exact there, so that a mean of 1e4 deviations still leaves eight digits of the variance.
#include "s4l/kernels/cpu/batch_norm_passes.h"

#include "s4l/kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "s4l/kernels/cpu/batch_norm_passes.cpp"
#include <hwy/foreach_target.h>
#include <hwy/cache_control.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace s4l::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::int64_t kLongRow = 128, kLongestRow = 1024;

template <class D>
HWY_INLINE hn::Vec<D> promoted(D, hn::Vec<D> v) {
  return v;
}
template <class D>
HWY_INLINE hn::Vec<D> promoted(D d, hn::Vec<hn::Rebind<float, D>> v) {
  return hn::PromoteTo(d, v);
}

template <class D, class T>
HWY_INLINE void write(D d, hn::Vec<D> v, bool around, T* to) {
  if (around)
    hn::Stream(v, d, to);
  else
    hn::StoreU(v, d, to);
}

template <class D, class T>
HWY_INLINE hn::Vec<D> z_of(D d, const BatchNormPass<T>& p, hn::Vec<D> centred, std::int64_t at, std::int64_t c) {
  const auto factor = hn::Mul(hn::LoadU(d, p.gamma + c), hn::LoadU(d, p.rstd + c));
  const auto z = hn::MulAdd(centred, factor, hn::LoadU(d, p.beta + c));
  return p.residual ? hn::Add(z, hn::LoadU(d, p.residual + at)) : z;
}

/// The gradient that passed the ReLU.
template <class D, class T>
HWY_INLINE hn::Vec<D> g_of(D d, const BatchNormPass<T>& p, hn::Vec<D> centred, std::int64_t at, std::int64_t c) {
  const auto gy = hn::LoadU(d, p.gy + at);
  return p.relu ? hn::IfThenElseZero(hn::Gt(z_of(d, p, centred, at, c), hn::Zero(d)), gy) : gy;
}

struct Moments {
  template <int kN, class D64, class T>
  static HWY_INLINE void run(D64 d64, const BatchNormPass<T>& p, std::int64_t at, std::int64_t c) {
    const hn::Rebind<T, D64> d;
    auto sum = hn::LoadU(d64, p.sum + c), squares = hn::LoadU(d64, p.product + c);
    for (int r = 0; r < kN; ++r) {
      const auto x = promoted(d64, hn::LoadU(d, p.x + at + r * p.channels + c));
      sum = hn::Add(sum, x);
      squares = hn::MulAdd(x, x, squares);
    }
    hn::StoreU(sum, d64, p.sum + c);
    hn::StoreU(squares, d64, p.product + c);
  }
};

struct Apply {
  template <int kN, class D, class T>
  static HWY_INLINE void run(D d, const BatchNormPass<T>& p, std::int64_t row, std::int64_t c) {
    const auto mean = hn::LoadU(d, p.mean + c);
    for (int r = 0; r < kN; ++r) {
      const std::int64_t at = row + r * p.channels + c;
      const auto z = z_of(d, p, hn::Sub(hn::LoadU(d, p.x + at), mean), at, c);
      const auto y = p.relu ? hn::IfThenZeroElse(hn::Lt(z, hn::Zero(d)), z) : z;  // a NaN stays one
      write(d, y, p.around, p.y + at);
    }
  }
};

struct GradientSums {
  template <int kN, class D64, class T>
  static HWY_INLINE void run(D64 d64, const BatchNormPass<T>& p, std::int64_t row, std::int64_t c) {
    const hn::Rebind<T, D64> d;
    const auto mean = hn::LoadU(d, p.mean + c);
    auto sum = hn::Zero(d), product = hn::Zero(d);
    for (int r = 0; r < kN; ++r) {
      const std::int64_t at = row + r * p.channels + c;
      const auto centred = hn::Sub(hn::LoadU(d, p.x + at), mean);
      const auto g = g_of(d, p, centred, at, c);
      sum = hn::Add(sum, g);
      product = hn::MulAdd(g, centred, product);
    }
    hn::StoreU(hn::Add(hn::LoadU(d64, p.sum + c), promoted(d64, sum)), d64, p.sum + c);
    hn::StoreU(hn::Add(hn::LoadU(d64, p.product + c), promoted(d64, product)), d64, p.product + c);
  }
};

struct Gradient {
  template <int kN, class D, class T>
  static HWY_INLINE void run(D d, const BatchNormPass<T>& p, std::int64_t row, std::int64_t c) {
    const auto mean = hn::LoadU(d, p.mean + c);
    for (int r = 0; r < kN; ++r) {
      const std::int64_t at = row + r * p.channels + c;
      const auto centred = hn::Sub(hn::LoadU(d, p.x + at), mean);
      const auto g = g_of(d, p, centred, at, c);
      if (p.gresidual) hn::StoreU(g, d, p.gresidual + at);
      if (!p.gx) continue;
      const auto factor = hn::Mul(hn::LoadU(d, p.gamma + c), hn::LoadU(d, p.rstd + c));
      const auto rest = hn::Sub(g, hn::LoadU(d, p.mean_g + c));
      const auto gx = hn::Mul(factor, hn::NegMulAdd(centred, hn::LoadU(d, p.slope_g + c), rest));
      write(d, p.arrived ? hn::Add(hn::LoadU(d, p.arrived + at), gx) : gx, p.around, p.gx + at);
    }
  }
};

template <class Step, class Lane, int kN, class T>
HWY_INLINE void rows(const BatchNormPass<T>& p, std::int64_t at) {
  const hn::ScalableTag<Lane> d;
  const hn::CappedTag<Lane, 1> one;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t c = 0;
  for (; c + lanes <= p.channels; c += lanes) Step::template run<kN>(d, p, at, c);
  for (; c < p.channels; ++c) Step::template run<kN>(one, p, at, c);
}

template <class Step, class Lane, class T>
void pass(const BatchNormPass<T>& p, std::int64_t begin, std::int64_t end) {
  constexpr int kN = 4;
  const bool together = p.channels < kLongRow || p.channels > kLongestRow;
  for (; together && begin + kN <= end; begin += kN) rows<Step, Lane, kN>(p, begin * p.channels);
  for (; begin < end; ++begin) rows<Step, Lane, 1>(p, begin * p.channels);
  if (p.around) hwy::FlushStream();
}

template <class T>
void run(BatchNormStep step, const BatchNormPass<T>& p, std::int64_t begin, std::int64_t end) {
  switch (step) {
    case BatchNormStep::moments:
      return pass<Moments, double>(p, begin, end);
    case BatchNormStep::apply:
      return pass<Apply, T>(p, begin, end);
    case BatchNormStep::gradient_sums:
      return pass<GradientSums, double>(p, begin, end);
    case BatchNormStep::gradient:
      return pass<Gradient, T>(p, begin, end);
  }
}

void run_f32(BatchNormStep step, const BatchNormPass<float>& p, std::int64_t begin, std::int64_t end) {
  run(step, p, begin, end);
}
void run_f64(BatchNormStep step, const BatchNormPass<double>& p, std::int64_t begin, std::int64_t end) {
  run(step, p, begin, end);
}

}  // namespace s4l::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace s4l::cpu {

HWY_EXPORT(run_f32);
HWY_EXPORT(run_f64);

void batch_norm_pass(BatchNormStep step, const BatchNormPass<float>& p, std::int64_t begin, std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(run_f32)(step, p, begin, end);
}
void batch_norm_pass(BatchNormStep step, const BatchNormPass<double>& p, std::int64_t begin, std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(run_f64)(step, p, begin, end);
}

}  // namespace s4l::cpu
#endif
