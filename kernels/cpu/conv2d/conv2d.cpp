#include "s4l/core/ops/conv2d.h"

#include "s4l/kernels/cpu/conv2d/algorithm.h"
#include "s4l/kernels/cpu/conv2d/naive.h"
#include "s4l/kernels/cpu/conv2d/panels.h"
#include "s4l/kernels/cpu/conv2d/winograd.h"
#include "s4l/kernels/cpu/packed_weights.h"

namespace s4l::cpu {
namespace {

Winograd winograd_shape(const Shape& from, const Shape& to, std::int64_t padding) {
  return {.images = from[0],
          .height = from[1],
          .width = from[2],
          .channels = from[3],
          .padding = padding,
          .out_height = to[1],
          .out_width = to[2],
          .outputs = to[3]};
}

/// Convolves `from` to `to` with w's taps, read backwards for the data gradient.
void winograd_conv2d(const Winograd& shape, const Tensor& from, const Tensor& w, Packing::Order order,
                     const Tensor& to) {
  const auto packed =
      packed_weights(w, {order}, winograd_weight_floats(shape.channels, shape.outputs), [&](float* weights) {
        const bool rotated = order == Packing::Order::winograd_rotated;
        winograd_pack(w.data<float>(), shape.channels, shape.outputs, rotated, weights);
      });
  winograd_multiply(shape, from.data<float>(), static_cast<const float*>(packed->memory()), to.data<float>());
}

}  // namespace

void conv2d(const Tensor& x, const Tensor& w, const Conv2dOptions& options, const Tensor& y) {
  if (x.dtype() == DType::f64) return naive_conv2d(x, w, options, y);
  if (algorithm_of(Direction::forward, x.shape(), w.shape(), y.shape(), options) == Algorithm::panels)
    return panels_conv2d(x, w, options, y);
  winograd_conv2d(winograd_shape(x.shape(), y.shape(), options.padding), x, w, Packing::Order::winograd, y);
}

void conv2d_backward_data(const Tensor& gy, const Tensor& w, const Conv2dOptions& options, const Tensor& gx) {
  if (gy.dtype() == DType::f64) return naive_conv2d_backward_data(gy, w, options, gx);
  if (algorithm_of(Direction::backward_data, gx.shape(), w.shape(), gy.shape(), options) == Algorithm::panels)
    return panels_conv2d_backward_data(gy, w, options, gx);
  const Winograd shape = winograd_shape(gy.shape(), gx.shape(), 2 - options.padding);
  winograd_conv2d(shape, gy, w, Packing::Order::winograd_rotated, gx);
}

void conv2d_backward_weight(const Tensor& x, const Tensor& gy, const Conv2dOptions& options, const Tensor& gw) {
  if (x.dtype() == DType::f64) return naive_conv2d_backward_weight(x, gy, options, gw);
  if (algorithm_of(Direction::backward_weight, x.shape(), gw.shape(), gy.shape(), options) == Algorithm::panels)
    return panels_conv2d_backward_weight(x, gy, options, gw);
  winograd_weight_gradient(winograd_shape(x.shape(), gy.shape(), options.padding), x.data<float>(), gy.data<float>(),
                           gw.data<float>());
}

}  // namespace s4l::cpu
