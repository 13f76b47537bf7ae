// p_k = e_k / sum_j e_j with e_k = exp(z_k - max z).
#include "s4l/core/ops/softmax.h"

#include <limits>

#include "s4l/kernels/cpu/past_caches.h"
#include "s4l/kernels/cpu/rows.h"
#include "s4l/kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "s4l/kernels/cpu/softmax.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include "s4l/kernels/cpu/exp_of_negative-inl.h"
#include "s4l/kernels/cpu/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace s4l::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

struct Softmax {
  template <class Lanes, class T>
  HWY_INLINE void operator()(const Lanes& lanes, std::int64_t, const T* z, const T*, T* exps, T* p) const {
    const hn::ScalableTag<T> d;
    using V = hn::Vec<decltype(d)>;
    const V max = lanes.largest(z);
    V sums[2] = {hn::Zero(d), hn::Zero(d)};  // of e and s
    lanes.sum(sums, [&](std::int64_t at, auto some, V* to) HWY_ATTR {
      const V s = some.only(d, hn::Sub(some.load(d, z + at), max)), e = some.only(d, exp_of_negative(d, s));
      lanes.fetch(z + at);
      some.store(d, e, exps + at);
      to[0] = hn::Add(to[0], e);
      to[1] = hn::Add(to[1], s);
    });
    const V nan = hn::Set(d, std::numeric_limits<T>::quiet_NaN());
    const V inverse = hn::IfThenElse(hn::IsNaN(sums[1]), nan, hn::Div(hn::Set(d, T{1}), sums[0]));
    lanes.write(p, [&](std::int64_t at, auto some) HWY_ATTR { return hn::Mul(some.load(d, exps + at), inverse); });
  }
};

struct SoftmaxBackward {
  template <class Lanes, class T>
  HWY_INLINE void operator()(const Lanes& lanes, std::int64_t, const T* p, const T* g, T*, T* gz) const {
    const hn::ScalableTag<T> d;
    using V = hn::Vec<decltype(d)>;
    V mean[1] = {hn::Zero(d)};
    lanes.sum(mean, [&](std::int64_t at, auto some, V* to) HWY_ATTR {
      lanes.fetch(p + at);
      lanes.fetch(g + at);
      *to = hn::MulAdd(some.load(d, p + at), some.load(d, g + at), *to);
    });
    lanes.write(gz, [&](std::int64_t at, auto some)
                        HWY_ATTR { return hn::Mul(some.load(d, p + at), hn::Sub(some.load(d, g + at), mean[0])); });
  }
};

void softmax_f32(const RowMatrices<float>& m, std::int64_t begin, std::int64_t end, float* scratch) {
  each_row(m, begin, end, scratch, Softmax());
}
void softmax_f64(const RowMatrices<double>& m, std::int64_t begin, std::int64_t end, double* scratch) {
  each_row(m, begin, end, scratch, Softmax());
}
void softmax_backward_f32(const RowMatrices<float>& m, std::int64_t begin, std::int64_t end, float* scratch) {
  each_row(m, begin, end, scratch, SoftmaxBackward());
}
void softmax_backward_f64(const RowMatrices<double>& m, std::int64_t begin, std::int64_t end, double* scratch) {
  each_row(m, begin, end, scratch, SoftmaxBackward());
}

}  // namespace s4l::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace s4l::cpu {
namespace {

HWY_EXPORT(softmax_f32);
HWY_EXPORT(softmax_f64);
HWY_EXPORT(softmax_backward_f32);
HWY_EXPORT(softmax_backward_f64);

auto forward_kernel(float) { return HWY_DYNAMIC_DISPATCH(softmax_f32); }
auto forward_kernel(double) { return HWY_DYNAMIC_DISPATCH(softmax_f64); }
auto backward_kernel(float) { return HWY_DYNAMIC_DISPATCH(softmax_backward_f32); }
auto backward_kernel(double) { return HWY_DYNAMIC_DISPATCH(softmax_backward_f64); }

}  // namespace

void softmax(const Tensor& z, const Tensor& p) {
  with_float(z.dtype(), [&]<class T>() {
    const RowMatrices<T> m{z.data<T>(), nullptr, p.data<T>(), z.shape()[0], z.shape()[1], past_caches(p)};
    const auto run = forward_kernel(T{});
    parallel_rows(m, [&](std::int64_t begin, std::int64_t end, T* scratch) { run(m, begin, end, scratch); });
  });
}

void softmax_backward(const Tensor& p, const Tensor& gp, const Tensor& gz) {
  with_float(p.dtype(), [&]<class T>() {
    const RowMatrices<T> m{p.data<T>(), gp.data<T>(), gz.data<T>(), p.shape()[0], p.shape()[1], past_caches(gz)};
    const auto run = backward_kernel(T{});
    parallel_rows(m, [&](std::int64_t begin, std::int64_t end, T* scratch) { run(m, begin, end, scratch); });
  });
}

}  // namespace s4l::cpu
#endif
