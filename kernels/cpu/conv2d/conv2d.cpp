#include "s4l/core/ops/conv2d.h"

#include <algorithm>
#include <vector>

#include "s4l/kernels/cpu/conv2d/naive.h"
#include "s4l/kernels/cpu/conv2d/product.h"
#include "s4l/kernels/cpu/conv2d/winograd.h"
#include "s4l/kernels/cpu/gemm.h"
#include "s4l/kernels/cpu/packed_weights.h"
#include "s4l/kernels/cpu/parallel.h"

namespace s4l::cpu {
namespace {

std::int64_t packed_columns(std::int64_t columns) { return ceil_div(columns, gemm_panel_width()) * gemm_panel_width(); }

/// The windows of the forward pass: their matrix times w^T is y.
Window forward_window(const Tensor& x, const Shape& w, const Shape& y, const Conv2dOptions& options) {
  const Shape& s = x.shape();
  return {.source = x.data<float>(),
          .images = s[0],
          .height = s[1],
          .width = s[2],
          .channels = s[3],
          .grid_height = y[1],
          .grid_width = y[2],
          .taps_height = w[1],
          .taps_width = w[2],
          .step = options.stride,
          .top = -options.padding,
          .left = -options.padding};
}

/// What one axis of the strided data gradient looks like for the pixels of x whose padded position leaves the
/// remainder `phase`: every stride-th tap reaches them, last tap first.
struct Phase {
  std::int64_t first_tap, taps, first_pixel, pixels, origin;
  Phase(std::int64_t phase, std::int64_t kernel, std::int64_t size, const Conv2dOptions& options) {
    const std::int64_t stride = options.stride;
    first_tap = phase;
    taps = ceil_div(std::max<std::int64_t>(kernel - phase, 0), stride);
    first_pixel = ((phase - options.padding) % stride + stride) % stride;
    pixels = ceil_div(std::max<std::int64_t>(size - first_pixel, 0), stride);
    origin = (first_pixel + options.padding - phase) / stride - (taps - 1);
  }
};

struct PhasePair {
  Phase row, column;
};

std::vector<PhasePair> phases_of(const Shape& w, const Shape& x, const Conv2dOptions& options) {
  std::vector<PhasePair> phases;
  for (std::int64_t i = 0; i < options.stride; ++i)
    for (std::int64_t j = 0; j < options.stride; ++j)
      phases.push_back({{i, w[1], x[1], options}, {j, w[2], x[2], options}});
  return phases;
}

/// Of each phase a matrix (taps x O) x C, its taps in reverse.
void pack_backward_data(const Tensor& w, const std::vector<PhasePair>& phases, std::int64_t stride, float* to) {
  const Shape s = w.shape();
  const std::int64_t outputs = s[0], width = gemm_panel_width(), panels = packed_columns(s[3]) / width;
  const float* from = w.data<float>();
  for (const auto& [row, column] : phases) {
    const std::int64_t taps = row.taps * column.taps, panel_floats = taps * outputs * width;
    parallel(panels, [&, row = row, column = column](std::int64_t panel) {
      pack_panel(taps * outputs, std::min(width, s[3] - panel * width), width, to + panel * panel_floats,
                 [&](std::int64_t k, std::int64_t n) {
                   const std::int64_t tap = k / outputs, o = k % outputs;
                   const std::int64_t i = row.first_tap + (row.taps - 1 - tap / column.taps) * stride;
                   const std::int64_t j = column.first_tap + (column.taps - 1 - tap % column.taps) * stride;
                   return from[((o * s[1] + i) * s[2] + j) * s[3] + panel * width + n];
                 });
    });
    to += panels * panel_floats;
  }
}

bool is_3x3_stride_1(const Shape& w, const Conv2dOptions& options) {
  return w[1] == 3 && w[2] == 3 && options.stride == 1;
}

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
void winograd(const Winograd& shape, const Tensor& from, const Tensor& w, Packing packing, const Tensor& to) {
  const auto packed =
      packed_weights(w, packing, 1, winograd_weight_floats(shape.channels, shape.outputs), [&](float* weights) {
        winograd_pack(w.data<float>(), shape.channels, shape.outputs, packing == Packing::winograd_rotated, weights);
      });
  winograd_multiply(shape, from.data<float>(), static_cast<const float*>(packed->memory()), to.data<float>());
}

}  // namespace

void conv2d(const Tensor& x, const Tensor& w, const Conv2dOptions& options, const Tensor& y) {
  if (x.dtype() == DType::f64) return naive_conv2d(x, w, options, y);
  const Winograd tiles = winograd_shape(x.shape(), y.shape(), options.padding);
  if (is_3x3_stride_1(w.shape(), options) && tiles.pays()) return winograd(tiles, x, w, Packing::winograd, y);
  const Window window = forward_window(x, w.shape(), y.shape(), options);
  const std::int64_t depth = window.depth(), outputs = w.shape()[0], width = gemm_panel_width();
  const auto packed = packed_weights(w, Packing::forward, 1, depth * packed_columns(outputs), [&](float* to) {
    const float* from = w.data<float>();
    parallel(packed_columns(outputs) / width, [&](std::int64_t panel) {
      pack_panel(depth, std::min(width, outputs - panel * width), width, to + panel * depth * width,
                 [&](std::int64_t k, std::int64_t n) { return from[(panel * width + n) * depth + k]; });
    });
  });
  const Product product{.window = window,
                        .weights = static_cast<const float*>(packed->memory()),
                        .columns = outputs,
                        .y = y.data<float>(),
                        .image_stride = y.shape()[1] * y.shape()[2] * outputs,
                        .row_stride = y.shape()[2] * outputs,
                        .pixel_stride = outputs};
  multiply({&product, 1});
}

void conv2d_backward_data(const Tensor& gy, const Tensor& w, const Conv2dOptions& options, const Tensor& gx) {
  if (gy.dtype() == DType::f64) return naive_conv2d_backward_data(gy, w, options, gx);
  const Shape xs = gx.shape(), ys = gy.shape(), ws = w.shape();
  const Winograd tiles = winograd_shape(ys, xs, 2 - options.padding);
  if (is_3x3_stride_1(ws, options) && tiles.pays()) return winograd(tiles, gy, w, Packing::winograd_rotated, gx);
  const std::int64_t channels = xs[3], stride = options.stride;
  const std::vector<PhasePair> phases = phases_of(ws, xs, options);
  const std::int64_t floats = ws[0] * ws[1] * ws[2] * packed_columns(channels);
  const auto packed = packed_weights(w, Packing::backward_data, stride, floats,
                                     [&](float* to) { pack_backward_data(w, phases, stride, to); });
  const float* weights = static_cast<const float*>(packed->memory());
  std::vector<Product> products;
  for (const auto& [row, column] : phases) {
    products.push_back({.window = {.source = gy.data<float>(),
                                   .images = ys[0],
                                   .height = ys[1],
                                   .width = ys[2],
                                   .channels = ys[3],
                                   .grid_height = row.pixels,
                                   .grid_width = column.pixels,
                                   .taps_height = row.taps,
                                   .taps_width = column.taps,
                                   .step = 1,
                                   .top = row.origin,
                                   .left = column.origin},
                        .weights = weights,
                        .columns = channels,
                        .y = gx.data<float>() + (row.first_pixel * xs[2] + column.first_pixel) * channels,
                        .image_stride = xs[1] * xs[2] * channels,
                        .row_stride = stride * xs[2] * channels,
                        .pixel_stride = stride * channels});
    weights += row.taps * column.taps * ws[0] * packed_columns(channels);
  }
  multiply(products);
}

void conv2d_backward_weight(const Tensor& x, const Tensor& gy, const Conv2dOptions& options, const Tensor& gw) {
  if (x.dtype() == DType::f64) return naive_conv2d_backward_weight(x, gy, options, gw);
  const Winograd tiles = winograd_shape(x.shape(), gy.shape(), options.padding);
  if (is_3x3_stride_1(gw.shape(), options) && tiles.pays())
    return winograd_weight_gradient(tiles, x.data<float>(), gy.data<float>(), gw.data<float>());
  multiply_transposed(forward_window(x, gw.shape(), gy.shape(), options), gy.data<float>(), gw.shape()[0],
                      gw.data<float>());
}

}  // namespace s4l::cpu
