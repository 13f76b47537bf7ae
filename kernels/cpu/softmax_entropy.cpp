// A row is read from memory once; what follows finds it in the cache. With s_k = z_k - max z, e_k = exp(s_k) and
// E = sum e: log p_k = s_k - log E, H = log E - sum e_k s_k / E, and of row i's share of the loss
//   N gz_k = c (T p_k - t_k) - h p_k (log p_k + H),  t the (smoothed) label row, T its sum, c and h the weights.
#include "s4l/core/ops/softmax_entropy.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "s4l/kernels/cpu/parallel.h"
#include "s4l/kernels/cpu/softmax_entropy_narrow.h"
#include "s4l/kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "s4l/kernels/cpu/softmax_entropy.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include "s4l/kernels/cpu/exp_of_negative-inl.h"

#ifndef S4L_KERNELS_CPU_SOFTMAX_ENTROPY
#define S4L_KERNELS_CPU_SOFTMAX_ENTROPY
namespace s4l::cpu {

/// What one sweep over a row's logits gives.
struct RowSums {
  double max, e, e_s, s;  ///< max z, sum e, sum e s, sum s
};

}  // namespace s4l::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace s4l::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// The first `count` numbers, and `fill` in the other lanes.
template <class D, class T>
HWY_INLINE hn::Vec<D> load(D d, const T* from, std::int64_t count, T fill) {
  if (count >= static_cast<std::int64_t>(hn::Lanes(d))) return hn::LoadU(d, from);
#if HWY_TARGET <= HWY_AVX2  // older ones read the lanes that are masked
  const auto given = hn::FirstN(d, static_cast<std::size_t>(count));
  return hn::IfThenElse(given, hn::MaskedLoad(given, d, from), hn::Set(d, fill));
#else
  HWY_ALIGN T lanes[hn::MaxLanes(D())];
  hn::Store(hn::Set(d, fill), d, lanes);
  for (std::int64_t i = 0; i < count; ++i) lanes[i] = from[i];
  return hn::Load(d, lanes);
#endif
}
template <class D, class T>
HWY_INLINE void store(D d, hn::Vec<D> v, T* to, std::int64_t count) {
  if (count >= static_cast<std::int64_t>(hn::Lanes(d))) return hn::StoreU(v, d, to);
#if HWY_TARGET <= HWY_AVX2
  hn::BlendedStore(v, hn::FirstN(d, static_cast<std::size_t>(count)), d, to);
#else
  HWY_ALIGN T lanes[hn::MaxLanes(D())];
  hn::Store(v, d, lanes);
  for (std::int64_t i = 0; i < count; ++i) to[i] = lanes[i];
#endif
}

/// Sums over the row z of k logits; writes e_k to `exps` unless null.
template <class T>
RowSums sweep(const T* z, std::int64_t k, T* exps) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  constexpr T kLowest = std::numeric_limits<T>::lowest();
  auto most = hn::Set(d, kLowest), also = most;
  std::int64_t first = 0;
  for (; first + 2 * lanes <= k; first += 2 * lanes) {
    most = hn::Max(most, hn::LoadU(d, z + first));
    also = hn::Max(also, hn::LoadU(d, z + first + lanes));
  }
  for (; first < k; first += lanes) most = hn::Max(most, load(d, z + first, k - first, kLowest));
  most = hn::Max(most, also);
  const T max = hn::GetLane(hn::MaxOfLanes(d, most));
  RowSums sums{static_cast<double>(max), 0, 0, 0};
  constexpr std::int64_t kBlock = 512;  // f32 sums over that many, double above
  for (std::int64_t begin = 0; begin < k; begin += kBlock) {
    const std::int64_t end = std::min(begin + kBlock, k);
    auto sum_e = hn::Zero(d), sum_e_s = hn::Zero(d), sum_s = hn::Zero(d);
    for (std::int64_t i = begin; i < end; i += lanes) {
      const auto s = hn::Sub(load(d, z + i, end - i, max), hn::Set(d, max));
      auto e = exp_of_negative(d, s);
      if (end - i < lanes) e = hn::IfThenElseZero(hn::FirstN(d, static_cast<std::size_t>(end - i)), e);
      if (exps) store(d, e, exps + i, end - i);
      sum_e = hn::Add(sum_e, e);
      sum_e_s = hn::MulAdd(e, where_positive(e, s), sum_e_s);
      sum_s = hn::Add(sum_s, s);
    }
    sums.e += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, sum_e)));
    sums.e_s += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, sum_e_s)));
    sums.s += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, sum_s)));
  }
  return sums;
}

/// gz_k = e_k (a - b s_k) - c t_k - d in place of e_k; t may be null.
template <class T>
void gradient(const T* z, const T* t, std::int64_t k, T max, T a, T b, T c, T flat, T* gz) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t i = 0; i < k; i += lanes) {
    const auto s = hn::Sub(load(d, z + i, k - i, max), hn::Set(d, max));
    const auto e = load(d, gz + i, k - i, T{0});
    const auto slope = hn::NegMulAdd(hn::Set(d, b), where_positive(e, s), hn::Set(d, a));
    auto g = hn::MulSub(e, slope, hn::Set(d, flat));
    if (t) g = hn::NegMulAdd(hn::Set(d, c), load(d, t + i, k - i, T{0}), g);
    store(d, g, gz + i, k - i);
  }
}

RowSums sweep_f32(const float* z, std::int64_t k, float* exps) { return sweep(z, k, exps); }
RowSums sweep_f64(const double* z, std::int64_t k, double* exps) { return sweep(z, k, exps); }
void gradient_f32(const float* z, const float* t, std::int64_t k, float max, float a, float b, float c, float flat,
                  float* gz) {
  gradient(z, t, k, max, a, b, c, flat, gz);
}
void gradient_f64(const double* z, const double* t, std::int64_t k, double max, double a, double b, double c,
                  double flat, double* gz) {
  gradient(z, t, k, max, a, b, c, flat, gz);
}

}  // namespace s4l::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace s4l::cpu {
namespace {

HWY_EXPORT(sweep_f32);
HWY_EXPORT(sweep_f64);
HWY_EXPORT(gradient_f32);
HWY_EXPORT(gradient_f64);

RowSums sweep(const float* z, std::int64_t k, float* e) { return HWY_DYNAMIC_DISPATCH(sweep_f32)(z, k, e); }
RowSums sweep(const double* z, std::int64_t k, double* e) { return HWY_DYNAMIC_DISPATCH(sweep_f64)(z, k, e); }
void gradient(const float* z, const float* t, std::int64_t k, float max, float a, float b, float c, float flat,
              float* gz) {
  HWY_DYNAMIC_DISPATCH(gradient_f32)(z, t, k, max, a, b, c, flat, gz);
}
void gradient(const double* z, const double* t, std::int64_t k, double max, double a, double b, double c, double flat,
              double* gz) {
  HWY_DYNAMIC_DISPATCH(gradient_f64)(z, t, k, max, a, b, c, flat, gz);
}

/// A row's label: the place of a one, or a distribution, or none.
template <class T>
struct Label {
  std::int64_t place = -1;  // of a soft row: of its largest
  const T* soft = nullptr;
  bool given() const { return place >= 0; }
};

template <class T>
Label<T> label_of(const Tensor& labels, std::int64_t row, std::int64_t k) {
  if (!labels) return {};
  if (labels.dtype() == DType::i32) return {labels.data<std::int32_t>()[row], nullptr};
  const T* t = labels.data<T>() + row * k;
  return {std::max_element(t, t + k) - t, t};
}

/// True where z's first largest logit is at `place`; without early exit, so that it vectorises.
template <class T>
bool first_largest(const T* z, T max, std::int64_t place) {
  bool earlier = false;
  for (std::int64_t i = 0; i < place; ++i) earlier |= z[i] == max;
  return z[place] == max && !earlier;
}

/// Over a row's labels t before smoothing: sum t and sum t s.
struct LabelSums {
  double t = 0, t_s = 0;
};

template <class T>
LabelSums label_sums(const T* z, std::int64_t k, double max, const Label<T>& label) {
  if (!label.given()) return {};
  if (!label.soft) return {1, static_cast<double>(z[label.place]) - max};
  LabelSums sums;
  for (std::int64_t i = 0; i < k; ++i) {
    const auto t = static_cast<double>(label.soft[i]);
    sums.t += t;
    sums.t_s += t == 0 ? 0 : t * (static_cast<double>(z[i]) - max);
  }
  return sums;
}

template <class T>
struct Row {
  T cross_entropy, entropy, hit;
};

/// One row: what it is worth, and its share gz of the gradient of the mean over n rows.
template <class T>
Row<T> softmax_row(const T* z, std::int64_t k, const Label<T>& label, const SoftmaxEntropyOptions& options, double n,
                   T* gz) {
  RowSums row = sweep(z, k, gz);
  if (std::isnan(row.s)) row.e = row.s;                              // exp_of_negative(NaN) is 0: do not lose it
  if (row.e == 0) row.e = std::numeric_limits<double>::quiet_NaN();  // all logits are -inf: no distribution
  const LabelSums given = label_sums(z, k, row.max, label);
  const double hard = label.given() ? 1 - options.label_smoothing : 0;
  const double spread = label.given() ? options.label_smoothing / static_cast<double>(k) : 0;
  const double log_e = std::log(row.e), entropy = log_e - row.e_s / row.e;
  const double total = hard * given.t + spread * static_cast<double>(k);
  const double cross_entropy = total * log_e - (hard > 0 ? hard * given.t_s : 0) - (spread > 0 ? spread * row.s : 0);
  if (gz) {
    const double c = options.cross_entropy / n, h = options.entropy / n;
    gradient(z, label.soft, k, static_cast<T>(row.max), static_cast<T>((c * total + h * (log_e - entropy)) / row.e),
             static_cast<T>(h / row.e), static_cast<T>(c * hard), static_cast<T>(c * spread), gz);
    if (label.given() && !label.soft) gz[label.place] -= static_cast<T>(c * hard);
  }
  const bool hit = label.given() && first_largest(z, static_cast<T>(row.max), label.place);
  return {static_cast<T>(cross_entropy), static_cast<T>(entropy), hit ? T{1} : T{0}};
}

void check_labels(const Tensor& labels, std::int64_t k) {
  if (!labels || labels.dtype() != DType::i32) return;
  for (std::int64_t i = 0; i < labels.numel(); ++i) {
    const std::int32_t label = labels.data<std::int32_t>()[i];
    check(-1 <= label && label < k, "softmax_entropy: expected labels from -1 to {}, got {} in row {}", k - 1, label,
          i);
  }
}

}  // namespace

void softmax_entropy(const Tensor& z, const Tensor& labels, const SoftmaxEntropyOptions& options, const Tensor& loss,
                     const Tensor& cross_entropy, const Tensor& entropy, const Tensor& hit, const Tensor& gz) {
  const std::int64_t n = z.shape()[0], k = z.shape()[1];
  check_labels(labels, k);
  with_float(z.dtype(), [&]<class T>() {
    T *ce = cross_entropy.data<T>(), *h = entropy.data<T>(), *hits = hit.data<T>();
    const std::int32_t* place = labels && labels.dtype() == DType::i32 ? labels.data<std::int32_t>() : nullptr;
    if (k <= kNarrow && (place || !labels))
      narrow_softmax_entropy<T>({z.data<T>(), place, gz ? gz.data<T>() : nullptr, ce, h, hits, n, k}, options);
    else
      parallel_blocks(n, std::max<std::int64_t>(1, (1 << 12) / k), [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
          const Row<T> row = softmax_row<T>(z.data<T>() + i * k, k, label_of<T>(labels, i, k), options,
                                            static_cast<double>(n), gz ? gz.data<T>() + i * k : nullptr);
          ce[i] = row.cross_entropy;
          h[i] = row.entropy;
          hits[i] = row.hit;
        }
      });
    double sum = 0;
    for (std::int64_t i = 0; i < n; ++i)
      sum += options.cross_entropy * static_cast<double>(ce[i]) + options.entropy * static_cast<double>(h[i]);
    *loss.data<T>() = n == 0 ? T{0} : static_cast<T>(sum / static_cast<double>(n));
  });
}

}  // namespace s4l::cpu
#endif
