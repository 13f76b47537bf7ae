#include "s4l/kernels/cpu/conv2d/naive.h"

#include <algorithm>

#include "s4l/kernels/cpu/parallel.h"

namespace s4l::cpu {
namespace {

/// Element offsets of a pixel of x, a pixel of y and a tap of w.
struct Joint {
  std::int64_t x, y, w;
};

/// Calls body(joint) for each pair of pixels of `image` that a tap of the kernel joins, at output o, and the first
/// channel of its group.
template <class Body>
void for_each_tap(const Shape& x, const Shape& w, const Shape& y, const Conv2dOptions& options, std::int64_t image,
                  std::int64_t o, const Body& body) {
  const std::int64_t first_channel = o / (w[0] / options.groups) * w[3];
  for (std::int64_t i = 0; i < y[1]; ++i)
    for (std::int64_t j = 0; j < y[2]; ++j)
      for (std::int64_t ki = 0; ki < w[1]; ++ki)
        for (std::int64_t kj = 0; kj < w[2]; ++kj) {
          const std::int64_t row = i * options.stride - options.padding + ki * options.dilation,
                             column = j * options.stride - options.padding + kj * options.dilation;
          if (row < 0 || row >= x[1] || column < 0 || column >= x[2]) continue;
          body(Joint{((image * x[1] + row) * x[2] + column) * x[3] + first_channel,
                     ((image * y[1] + i) * y[2] + j) * y[3] + o, ((o * w[1] + ki) * w[2] + kj) * w[3]});
        }
}

}  // namespace

void naive_conv2d(const Tensor& x, const Tensor& w, const Conv2dOptions& options, const Tensor& y) {
  const Shape ws = w.shape();
  const double *px = x.data<double>(), *pw = w.data<double>();
  double* py = y.data<double>();
  std::fill_n(py, y.numel(), 0.0);
  parallel(x.shape()[0], [&](std::int64_t image) {
    for (std::int64_t o = 0; o < ws[0]; ++o)
      for_each_tap(x.shape(), ws, y.shape(), options, image, o, [&](const Joint& at) {
        for (std::int64_t c = 0; c < ws[3]; ++c) py[at.y] += px[at.x + c] * pw[at.w + c];
      });
  });
}

void naive_conv2d_backward_data(const Tensor& gy, const Tensor& w, const Conv2dOptions& options, const Tensor& gx) {
  const Shape ws = w.shape();
  const double *pgy = gy.data<double>(), *pw = w.data<double>();
  double* pgx = gx.data<double>();
  std::fill_n(pgx, gx.numel(), 0.0);
  parallel(gx.shape()[0], [&](std::int64_t image) {
    for (std::int64_t o = 0; o < ws[0]; ++o)
      for_each_tap(gx.shape(), ws, gy.shape(), options, image, o, [&](const Joint& at) {
        for (std::int64_t c = 0; c < ws[3]; ++c) pgx[at.x + c] += pgy[at.y] * pw[at.w + c];
      });
  });
}

void naive_conv2d_backward_weight(const Tensor& x, const Tensor& gy, const Conv2dOptions& options, const Tensor& gw) {
  const Shape ws = gw.shape();
  const double *px = x.data<double>(), *pgy = gy.data<double>();
  double* pgw = gw.data<double>();
  std::fill_n(pgw, gw.numel(), 0.0);
  parallel(ws[0], [&](std::int64_t o) {
    for (std::int64_t image = 0; image < x.shape()[0]; ++image)
      for_each_tap(x.shape(), ws, gy.shape(), options, image, o, [&](const Joint& at) {
        for (std::int64_t c = 0; c < ws[3]; ++c) pgw[at.w + c] += px[at.x + c] * pgy[at.y];
      });
  });
}

}  // namespace s4l::cpu
