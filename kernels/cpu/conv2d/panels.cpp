#include "s4l/kernels/cpu/conv2d/panels.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "s4l/core/ops/fill.h"
#include "s4l/kernels/cpu/conv2d/product.h"
#include "s4l/kernels/cpu/gemm.h"
#include "s4l/kernels/cpu/packed_weights.h"
#include "s4l/kernels/cpu/parallel.h"
#include "s4l/kernels/cpu/past_caches.h"

namespace s4l::cpu {
namespace {

std::int64_t panels_of(std::int64_t columns) { return ceil_div(columns, gemm_panel_width()); }
std::int64_t packed_columns(std::int64_t columns) { return panels_of(columns) * gemm_panel_width(); }

/// The windows of the forward pass on one group's channels: their matrix times w^T is y.
Window forward_window(const Tensor& x, const Shape& w, const Shape& y, const Conv2dOptions& options,
                      std::int64_t group) {
  const Shape& s = x.shape();
  return {.source = x.data<float>() + group * w[3],
          .images = s[0],
          .height = s[1],
          .width = s[2],
          .channels = w[3],
          .pitch = s[3],
          .grid_height = y[1],
          .grid_width = y[2],
          .taps_height = w[1],
          .taps_width = w[2],
          .step = options.stride,
          .dilation = options.dilation,
          .top = -options.padding,
          .left = -options.padding};
}

/// What one axis of the data gradient looks like for the pixels of x that `first_tap` and every `tap_step`-th tap after
/// it reach, last tap first. Their padded positions leave one remainder when divided by the stride, and the taps meet
/// pixels of gy that are `dilation` apart.
struct Phase {
  std::int64_t first_tap, tap_step, taps, dilation, first_pixel, pixels, origin;
  Phase(std::int64_t tap, std::int64_t kernel, std::int64_t size, const Conv2dOptions& options) : first_tap(tap) {
    const std::int64_t stride = options.stride, common = std::gcd(stride, std::int64_t{options.dilation});
    tap_step = stride / common;
    dilation = options.dilation / common;
    taps = ceil_div(kernel - first_tap, tap_step);
    first_pixel = ((first_tap * options.dilation - options.padding) % stride + stride) % stride;
    pixels = ceil_div(std::max<std::int64_t>(size - first_pixel, 0), stride);
    origin = (first_pixel + options.padding - first_tap * options.dilation) / stride - (taps - 1) * dilation;
  }
};

struct PhasePair {
  Phase row, column;
  std::int64_t taps() const { return row.taps * column.taps; }
  std::int64_t pixels() const { return row.pixels * column.pixels; }
};

/// Those that a tap reaches, in an order that depends on the kernel alone, as do the packed weights.
std::vector<PhasePair> phases_of(const Shape& w, const Shape& x, const Conv2dOptions& options) {
  const std::int64_t different = options.stride / std::gcd(options.stride, options.dilation);
  std::vector<PhasePair> phases;
  for (std::int64_t i = 0; i < std::min(different, w[1]); ++i)
    for (std::int64_t j = 0; j < std::min(different, w[2]); ++j)
      phases.push_back({{i, w[1], x[1], options}, {j, w[2], x[2], options}});
  return phases;
}

/// Of each group a matrix (taps x channels) x outputs.
void pack_forward(const Tensor& w, std::int64_t groups, float* to) {
  const std::int64_t outputs = w.shape()[0] / groups, depth = w.numel() / w.shape()[0], width = gemm_panel_width(),
                     panels = panels_of(outputs);
  parallel(groups * panels, [&](std::int64_t task) {
    const std::int64_t group = task / panels, column = task % panels * width;
    pack_panel({w.data<float>() + (group * outputs + column) * depth, 1, depth}, depth,
               std::min(width, outputs - column), width, to + task * depth * width);
  });
}

/// Of each phase and group a matrix (taps x outputs) x channels, its taps in reverse.
void pack_backward_data(const Tensor& w, const std::vector<PhasePair>& phases, std::int64_t groups, float* to) {
  const Shape s = w.shape();
  const std::int64_t outputs = s[0] / groups, width = gemm_panel_width(), panels = panels_of(s[3]);
  for (const PhasePair& phase : phases) {
    const Phase &row = phase.row, &column = phase.column;
    parallel(groups * panels, [&](std::int64_t task) {
      const std::int64_t group = task / panels, channel = task % panels * width;
      float* out = to + task * phase.taps() * outputs * width;
      for (std::int64_t tap = phase.taps() - 1; tap >= 0; --tap, out += outputs * width) {
        const std::int64_t i = row.first_tap + tap / column.taps * row.tap_step,
                           j = column.first_tap + tap % column.taps * column.tap_step;
        const float* from = w.data<float>() + ((group * outputs * s[1] + i) * s[2] + j) * s[3] + channel;
        pack_panel({from, s[1] * s[2] * s[3], 1}, outputs, std::min(width, s[3] - channel), width, out);
      }
    });
    to += groups * panels * phase.taps() * outputs * width;
  }
}

/// One group's data gradient for the pixels of one phase.
Product backward_data_product(const Tensor& gy, const Shape& w, const PhasePair& phase, const Conv2dOptions& options,
                              std::int64_t group, const float* weights, const Tensor& gx) {
  const Shape &from = gy.shape(), &to = gx.shape();
  const auto& [row, column] = phase;
  const std::int64_t outputs = from[3] / options.groups, stride = options.stride;
  return {.window = {.source = gy.data<float>() + group * outputs,
                     .images = from[0],
                     .height = from[1],
                     .width = from[2],
                     .channels = outputs,
                     .pitch = from[3],
                     .grid_height = row.pixels,
                     .grid_width = column.pixels,
                     .taps_height = row.taps,
                     .taps_width = column.taps,
                     .step = 1,
                     .dilation = row.dilation,
                     .top = row.origin,
                     .left = column.origin},
          .weights = weights,
          .columns = w[3],
          .y = gx.data<float>() + (row.first_pixel * to[2] + column.first_pixel) * to[3] + group * w[3],
          .image_stride = to[1] * to[2] * to[3],
          .row_stride = stride * to[2] * to[3],
          .pixel_stride = stride * to[3],
          .around = past_caches(gx)};
}

}  // namespace

void panels_conv2d(const Tensor& x, const Tensor& w, const Conv2dOptions& options, const Tensor& y) {
  const Shape& to = y.shape();
  const std::int64_t outputs = to[3] / options.groups, depth = w.numel() / to[3];
  const std::int64_t group_floats = depth * packed_columns(outputs);
  const auto packed = packed_weights(w, {Packing::Order::forward, options.groups}, options.groups * group_floats,
                                     [&](float* weights) { pack_forward(w, options.groups, weights); });
  std::vector<Product> products;
  for (std::int64_t group = 0; group < options.groups; ++group)
    products.push_back({.window = forward_window(x, w.shape(), to, options, group),
                        .weights = static_cast<const float*>(packed->memory()) + group * group_floats,
                        .columns = outputs,
                        .y = y.data<float>() + group * outputs,
                        .image_stride = to[1] * to[2] * to[3],
                        .row_stride = to[2] * to[3],
                        .pixel_stride = to[3],
                        .around = past_caches(y)});
  multiply(products);
}

void panels_conv2d_backward_data(const Tensor& gy, const Tensor& w, const Conv2dOptions& options, const Tensor& gx) {
  const Shape& s = w.shape();
  const std::vector<PhasePair> phases = phases_of(s, gx.shape(), options);
  const std::int64_t outputs = s[0] / options.groups;
  const Packing packing{Packing::Order::backward_data, options.groups, options.stride, options.dilation};
  const auto packed = packed_weights(w, packing, s[0] * s[1] * s[2] * packed_columns(s[3]),
                                     [&](float* to) { pack_backward_data(w, phases, options.groups, to); });
  const float* weights = static_cast<const float*>(packed->memory());
  // A kernel of one tap reaches one phase; its product clears what lies between on the way.
  const bool alone = s[1] == 1 && s[2] == 1 && options.padding == 0 && options.groups == 1;
  const bool all_reached = static_cast<std::int64_t>(phases.size()) == std::int64_t{options.stride} * options.stride;
  if (!alone && !all_reached) fill(gx, 0);
  std::vector<Product> products;
  for (const PhasePair& phase : phases)
    for (std::int64_t group = 0; group < options.groups; ++group) {
      if (phase.pixels() > 0) products.push_back(backward_data_product(gy, s, phase, options, group, weights, gx));
      if (alone) products.back().end = gx.data<float>() + gx.numel();
      weights += phase.taps() * outputs * packed_columns(s[3]);
    }
  if (!products.empty()) multiply(products);
}

void panels_conv2d_backward_weight(const Tensor& x, const Tensor& gy, const Conv2dOptions& options, const Tensor& gw) {
  const Shape &w = gw.shape(), &y = gy.shape();
  const std::int64_t outputs = y[3] / options.groups;
  std::vector<TransposedProduct> products;
  for (std::int64_t group = 0; group < options.groups; ++group) {
    const Window window = forward_window(x, w, y, options, group);
    products.push_back({.window = window,
                        .gy = gy.data<float>() + group * outputs,
                        .pitch = y[3],
                        .outputs = outputs,
                        .gw = gw.data<float>() + group * outputs * window.depth()});
  }
  multiply_transposed(products);
}

}  // namespace s4l::cpu
