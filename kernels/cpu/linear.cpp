// A linear layer is a 1x1 convolution of pictures of one pixel.
#include "s4l/core/ops/linear.h"

#include <algorithm>

#include "s4l/core/ops/conv2d.h"
#include "s4l/core/tensor_impl.h"

namespace s4l::cpu {
namespace {

/// No op of its own: who watches ops would read y before it is computed.
Tensor pixels(const Tensor& x) { return view_of(x, {x.shape()[0], 1, 1, x.shape()[1]}, 0); }

}  // namespace

void linear(const Tensor& x, const Tensor& w, const Tensor& b, const Tensor& y) {
  conv2d(pixels(x), pixels(w), {}, pixels(y));
  if (!b) return;
  const std::int64_t outputs = w.shape()[0];
  with_float(x.dtype(), [&]<class T>() {
    const T* pb = b.data<T>();
    T* py = y.data<T>();
    for (std::int64_t n = 0; n < x.shape()[0]; ++n)
      for (std::int64_t k = 0; k < outputs; ++k) py[n * outputs + k] += pb[k];
  });
}

void linear_backward(const Tensor& gy, const Tensor& x, const Tensor& w, const Tensor& gx, const Tensor& gw,
                     const Tensor& gb) {
  if (gx) conv2d_backward_data(pixels(gy), pixels(w), {}, pixels(gx));
  if (gw) conv2d_backward_weight(pixels(x), pixels(gy), {}, pixels(gw));
  if (!gb) return;
  const std::int64_t outputs = w.shape()[0];
  with_float(gy.dtype(), [&]<class T>() {
    const T* pgy = gy.data<T>();
    T* pgb = gb.data<T>();
    std::fill_n(pgb, outputs, T{0});
    for (std::int64_t n = 0; n < gy.shape()[0]; ++n)
      for (std::int64_t k = 0; k < outputs; ++k) pgb[k] += pgy[n * outputs + k];
  });
}

}  // namespace s4l::cpu
