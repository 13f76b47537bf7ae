// Rows of a picture batch moved by a length. A task is a row; lengths are summed in double.
#include "s4l/core/ops/vat.h"

#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "s4l/core/rng.h"
#include "s4l/kernels/cpu/dot.h"
#include "s4l/kernels/cpu/parallel.h"
#include "s4l/kernels/formulas.h"

namespace s4l::cpu {
namespace {

/// Calls body(i, normal) for the `size` normals of a row. Four come of a block of Philox, whose last counter word says
/// the row: plus one, apart from what Rng itself draws.
template <class Body>
void each_normal(const std::array<std::uint32_t, 6>& words, std::int64_t row, std::int64_t size, const Body& body) {
  for (std::int64_t i = 0; i < size; i += 4) {
    const auto block = philox({words[2] + static_cast<std::uint32_t>(i / 4), words[3], words[4],
                               words[5] + static_cast<std::uint32_t>(row) + 1},
                              {words[0], words[1]});
    const formula::normal_pair a(block[0], block[1]), b(block[2], block[3]);
    const std::array<float, 4> normals{a.first, a.second, b.first, b.second};
    for (std::int64_t k = 0; k < 4 && i + k < size; ++k) body(i + k, normals[static_cast<std::size_t>(k)]);
  }
}

std::int64_t row_size(const Tensor& x) { return x.shape()[0] == 0 ? 0 : x.numel() / x.shape()[0]; }

}  // namespace

void vat_start(const Tensor& x, double xi, const Tensor& random, const Tensor& y) {
  std::array<std::uint32_t, 6> words{};
  for (std::size_t i = 0; i < words.size(); ++i)
    words[i] = std::bit_cast<std::uint32_t>(random.data<std::int32_t>()[i]);
  const std::int64_t size = row_size(x);
  with_float(x.dtype(), [&]<class T>() {
    parallel(x.shape()[0], [&](std::int64_t row) {
      const T* from = x.data<T>() + row * size;
      T* to = y.data<T>() + row * size;
      double squares = 0;
      each_normal(words, row, size, [&](std::int64_t, float normal) {
        squares += static_cast<double>(normal) * static_cast<double>(normal);
      });
      const auto factor = static_cast<T>(squares > 0 ? xi / std::sqrt(squares) : 0);
      each_normal(words, row, size,
                  [&](std::int64_t i, float normal) { to[i] = from[i] + factor * static_cast<T>(normal); });
    });
  });
}

void vat_step(const Tensor& x, const Tensor& g, const VatStepOptions& options, const Tensor& bound, const Tensor& y,
              const Tensor& length) {
  const std::int64_t size = row_size(x);
  with_float(x.dtype(), [&]<class T>() {
    parallel(x.shape()[0], [&](std::int64_t row) {
      const T *from = x.data<T>() + row * size, *along = g.data<T>() + row * size;
      T* to = y.data<T>() + row * size;
      const double norm = options.factor * std::sqrt(dot(along, along, size));
      const double unit = std::fmax(norm, std::sqrt(options.floor));
      double radius = options.radius;
      if (bound) radius = std::fmin(radius, static_cast<double>(bound.data<T>()[row]));
      const double scale = unit == 0 ? 0 : radius / unit;
      const double factor = scale * options.factor;  // of a tiny gradient it may lie outside of f32
      for (std::int64_t i = 0; i < size; ++i) to[i] = from[i] + static_cast<T>(factor * static_cast<double>(along[i]));
      length.data<T>()[row] = static_cast<T>(scale * norm);
    });
  });
}

void half_nearest_distance(const Tensor& x, const Tensor& y) {
  const std::int64_t n = x.shape()[0], size = row_size(x);
  with_float(x.dtype(), [&]<class T>() {
    parallel(n, [&](std::int64_t row) {
      double nearest = std::numeric_limits<double>::infinity();
      for (std::int64_t other = 0; other < n; ++other)
        if (other != row)
          nearest = std::fmin(nearest, squared_distance(x.data<T>() + row * size, x.data<T>() + other * size, size));
      y.data<T>()[row] = static_cast<T>(std::sqrt(nearest) / 2);
    });
  });
}

}  // namespace s4l::cpu
