// Channels go in strips whose running maxima, winners and sums stay in registers or the first cache.
#include "s4l/core/ops/pool.h"

#include <algorithm>
#include <limits>

#include "s4l/kernels/cpu/parallel.h"

namespace s4l::cpu {
namespace {

constexpr std::int64_t kStrip = 64;

/// The largest of one window for channels [0, count) of a strip; `x` is the picture's first pixel there.
template <class T>
void pool_window(const T* x, const Shape& in, const MaxPoolOptions& o, std::int64_t top, std::int64_t left,
                 std::int64_t count, T* y, std::uint8_t* argmax) {
  T best[kStrip];
  std::uint8_t winner[kStrip];
  const auto nobody = static_cast<std::uint8_t>(o.kernel * o.kernel);
  std::fill_n(best, kStrip, -std::numeric_limits<T>::infinity());
  std::fill_n(winner, kStrip, nobody);
  for (int place = 0; place < o.kernel * o.kernel; ++place) {
    const std::int64_t row = top + place / o.kernel, column = left + place % o.kernel;
    if (0 <= row && row < in[1] && 0 <= column && column < in[2]) {
      const T* value = x + (row * in[2] + column) * in[3];
      for (std::int64_t c = 0; c < count; ++c) {
        const bool larger = value[c] > best[c];
        best[c] = larger ? value[c] : best[c];
        winner[c] = larger ? static_cast<std::uint8_t>(place) : winner[c];
      }
    } else if (o.zero_padding) {
      for (std::int64_t c = 0; c < count; ++c) {
        winner[c] = T{0} > best[c] ? nobody : winner[c];
        best[c] = std::max(best[c], T{0});
      }
    }
  }
  std::copy_n(best, count, y);
  std::copy_n(winner, count, argmax);
}

/// Adds to gx, the gradient of input pixel (row, column), what each window that holds it sends there.
template <class T>
void gather(const T* gy, const std::uint8_t* argmax, const Shape& out, const MaxPoolOptions& o, std::int64_t row,
            std::int64_t column, T* gx) {
  const auto first = [&](std::int64_t at) {
    const std::int64_t beyond = at + o.padding - o.kernel;
    return beyond < 0 ? 0 : beyond / o.stride + 1;
  };
  const auto last = [&](std::int64_t at, std::int64_t size) { return std::min(size - 1, (at + o.padding) / o.stride); };
  std::fill_n(gx, out[3], T{0});
  for (std::int64_t i = first(row); i <= last(row, out[1]); ++i)
    for (std::int64_t j = first(column); j <= last(column, out[2]); ++j) {
      const std::int64_t place = (row + o.padding - i * o.stride) * o.kernel + column + o.padding - j * o.stride;
      const std::int64_t at = (i * out[2] + j) * out[3];
      for (std::int64_t c = 0; c < out[3]; ++c)
        gx[c] += argmax[at + c] == static_cast<std::uint8_t>(place) ? gy[at + c] : T{0};
    }
}

}  // namespace

void max_pool2d(const Tensor& x, const MaxPoolOptions& o, const Tensor& y, const Tensor& argmax) {
  const Shape in = x.shape(), out = y.shape();
  with_float(x.dtype(), [&]<class T>() {
    parallel(out[0] * out[1], [&](std::int64_t task) {
      const std::int64_t n = task / out[1], i = task % out[1];
      for (std::int64_t j = 0; j < out[2]; ++j)
        for (std::int64_t c = 0; c < out[3]; c += kStrip) {
          const std::int64_t at = (task * out[2] + j) * out[3] + c;
          pool_window(x.data<T>() + n * in[1] * in[2] * in[3] + c, in, o, i * o.stride - o.padding,
                      j * o.stride - o.padding, std::min(kStrip, out[3] - c), y.data<T>() + at,
                      argmax.data<std::uint8_t>() + at);
        }
    });
  });
}

void max_pool2d_backward(const Tensor& gy, const Tensor& argmax, const MaxPoolOptions& o, const Tensor& gx) {
  const Shape in = gx.shape(), out = gy.shape();
  with_float(gy.dtype(), [&]<class T>() {
    parallel(in[0] * in[1], [&](std::int64_t task) {
      const std::int64_t picture = task / in[1] * out[1] * out[2] * out[3];
      for (std::int64_t column = 0; column < in[2]; ++column)
        gather(gy.data<T>() + picture, argmax.data<std::uint8_t>() + picture, out, o, task % in[1], column,
               gx.data<T>() + (task * in[2] + column) * in[3]);
    });
  });
}

void global_avg_pool(const Tensor& x, const Tensor& y) {
  const std::int64_t pixels = x.shape()[1] * x.shape()[2], channels = x.shape()[3];
  const std::int64_t strips = (channels + kStrip - 1) / kStrip;
  with_float(x.dtype(), [&]<class T>() {
    parallel(x.shape()[0] * strips, [&](std::int64_t task) {
      const std::int64_t n = task / strips, c0 = task % strips * kStrip, count = std::min(kStrip, channels - c0);
      double sum[kStrip] = {};
      for (std::int64_t p = 0; p < pixels; ++p) {
        const T* value = x.data<T>() + (n * pixels + p) * channels + c0;
        for (std::int64_t c = 0; c < count; ++c) sum[c] += static_cast<double>(value[c]);
      }
      for (std::int64_t c = 0; c < count; ++c)
        y.data<T>()[n * channels + c0 + c] = static_cast<T>(sum[c] / static_cast<double>(pixels));
    });
  });
}

void global_avg_pool_backward(const Tensor& gy, const Tensor& gx) {
  const std::int64_t pixels = gx.shape()[1] * gx.shape()[2], channels = gx.shape()[3];
  with_float(gy.dtype(), [&]<class T>() {
    const T share = T{1} / static_cast<T>(pixels);
    parallel(gx.shape()[0], [&](std::int64_t n) {
      const T* g = gy.data<T>() + n * channels;
      T* to = gx.data<T>() + n * pixels * channels;
      for (std::int64_t p = 0; p < pixels; ++p)
        for (std::int64_t c = 0; c < channels; ++c) to[p * channels + c] = g[c] * share;
    });
  });
}

}  // namespace s4l::cpu
