#include "s4l/core/ops/unary.h"

#include "s4l/kernels/cpu/parallel.h"
#include "s4l/kernels/formulas.h"

namespace s4l::cpu {
namespace {

constexpr std::int64_t kBlock = 1 << 12;

template <class Formula>
void apply(const Tensor& x, const Tensor& y) {
  with_float(x.dtype(), [&]<class T>() {
    const T* from = x.data<T>();
    T* to = y.data<T>();
    parallel_blocks(x.numel(), kBlock, [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) to[i] = Formula::value(from[i]);
    });
  });
}

template <class Formula>
void apply_slope(const Tensor& x, const Tensor& gy, const Tensor& gx) {
  with_float(x.dtype(), [&]<class T>() {
    const T *from = x.data<T>(), *g = gy.data<T>();
    T* to = gx.data<T>();
    parallel_blocks(x.numel(), kBlock, [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) to[i] = g[i] * Formula::slope(from[i]);
    });
  });
}

}  // namespace

#define S4L_UNARY(name)                                                       \
  void name(const Tensor& x, const Tensor& y) { apply<formula::name>(x, y); } \
  void name##_backward(const Tensor& x, const Tensor& gy, const Tensor& gx) { apply_slope<formula::name>(x, gy, gx); }
#include "s4l/core/ops/unary.def"
#undef S4L_UNARY

}  // namespace s4l::cpu
