#include "s4l/kernels/cpu/conv2d/naive.h"

#include <algorithm>

#include "s4l/kernels/cpu/parallel.h"

namespace s4l::cpu {
namespace {

/// Calls body(pixel of x, pixel of y, tap) with element offsets (the channel being 0) for each pair of pixels of
/// `image` that a tap of the kernel joins.
template <class Body>
void for_each_tap(const Shape& x, const Shape& w, const Shape& y, const Conv2dOptions& options, std::int64_t image,
                  const Body& body) {
  for (std::int64_t i = 0; i < y[1]; ++i)
    for (std::int64_t j = 0; j < y[2]; ++j)
      for (std::int64_t ki = 0; ki < w[1]; ++ki)
        for (std::int64_t kj = 0; kj < w[2]; ++kj) {
          const std::int64_t row = i * options.stride - options.padding + ki,
                             column = j * options.stride - options.padding + kj;
          if (row < 0 || row >= x[1] || column < 0 || column >= x[2]) continue;
          body(((image * x[1] + row) * x[2] + column) * x[3], ((image * y[1] + i) * y[2] + j) * y[3],
               (ki * w[2] + kj) * w[3]);
        }
}

}  // namespace

void naive_conv2d(const Tensor& x, const Tensor& w, const Conv2dOptions& options, const Tensor& y) {
  const Shape xs = x.shape(), ws = w.shape(), ys = y.shape();
  const double *px = x.data<double>(), *pw = w.data<double>();
  double* py = y.data<double>();
  std::fill_n(py, y.numel(), 0.0);
  parallel(xs[0], [&](std::int64_t image) {
    for_each_tap(xs, ws, ys, options, image, [&](std::int64_t at_x, std::int64_t at_y, std::int64_t tap) {
      for (std::int64_t o = 0; o < ys[3]; ++o)
        for (std::int64_t c = 0; c < xs[3]; ++c) py[at_y + o] += px[at_x + c] * pw[o * ws[1] * ws[2] * ws[3] + tap + c];
    });
  });
}

void naive_conv2d_backward_data(const Tensor& gy, const Tensor& w, const Conv2dOptions& options, const Tensor& gx) {
  const Shape xs = gx.shape(), ws = w.shape(), ys = gy.shape();
  const double *pgy = gy.data<double>(), *pw = w.data<double>();
  double* pgx = gx.data<double>();
  std::fill_n(pgx, gx.numel(), 0.0);
  parallel(xs[0], [&](std::int64_t image) {
    for_each_tap(xs, ws, ys, options, image, [&](std::int64_t at_x, std::int64_t at_y, std::int64_t tap) {
      for (std::int64_t o = 0; o < ys[3]; ++o)
        for (std::int64_t c = 0; c < xs[3]; ++c)
          pgx[at_x + c] += pgy[at_y + o] * pw[o * ws[1] * ws[2] * ws[3] + tap + c];
    });
  });
}

void naive_conv2d_backward_weight(const Tensor& x, const Tensor& gy, const Conv2dOptions& options, const Tensor& gw) {
  const Shape xs = x.shape(), ws = gw.shape(), ys = gy.shape();
  const double *px = x.data<double>(), *pgy = gy.data<double>();
  double* pgw = gw.data<double>();
  std::fill_n(pgw, gw.numel(), 0.0);
  parallel(ys[3], [&](std::int64_t o) {
    for (std::int64_t image = 0; image < xs[0]; ++image)
      for_each_tap(xs, ws, ys, options, image, [&](std::int64_t at_x, std::int64_t at_y, std::int64_t tap) {
        for (std::int64_t c = 0; c < xs[3]; ++c)
          pgw[o * ws[1] * ws[2] * ws[3] + tap + c] += px[at_x + c] * pgy[at_y + o];
      });
  });
}

}  // namespace s4l::cpu
