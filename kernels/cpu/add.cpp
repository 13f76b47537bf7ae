#include "s4l/core/ops/add.h"

#include "s4l/kernels/cpu/parallel.h"

namespace s4l::cpu {
namespace {

constexpr std::int64_t kBlock = 1 << 14;

}  // namespace

void add(const Tensor& a, const Tensor& b, const Tensor& y) {
  with_float(a.dtype(), [&]<class T>() {
    const T *pa = a.data<T>(), *pb = b.data<T>();
    T* py = y.data<T>();
    parallel_blocks(a.numel(), kBlock, [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) py[i] = pa[i] + pb[i];
    });
  });
}

void scale(const Tensor& x, double factor, const Tensor& y) {
  with_float(x.dtype(), [&]<class T>() {
    const T* px = x.data<T>();
    T* py = y.data<T>();
    const T f = static_cast<T>(factor);
    parallel_blocks(x.numel(), kBlock, [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) py[i] = f * px[i];
    });
  });
}

void scale_by(const Tensor& x, const Tensor& factor, const Tensor& y) { scale(x, item(factor), y); }

}  // namespace s4l::cpu
