#include "s4l/kernels/emulated/naive_conv2d.h"

#include <algorithm>

#include "s4l/kernels/cpu/parallel.h"
#include "s4l/kernels/emulated/accumulator.h"

namespace s4l::emulated {
namespace {

using cuda::Conv2dProblem;
using cuda::Direction;
using cuda::Fusion;
using cuda::FusionOperands;

/// y += a x over n numbers.
template <class A>
void add_scaled(A a, const A* x, A* y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] += a * x[i];
}

/// The sizes of a problem and where its pixels lie.
struct Sizes {
  std::int64_t images, height, width, channels, out_height, out_width, outputs, rows, columns, stride, padding,
      dilation, groups;

  explicit Sizes(const Conv2dProblem& p)
      : images(p.x[0]),
        height(p.x[1]),
        width(p.x[2]),
        channels(p.x[3]),
        out_height(p.y[1]),
        out_width(p.y[2]),
        outputs(p.y[3]),
        rows(p.w[1]),
        columns(p.w[2]),
        stride(p.options.stride),
        padding(p.options.padding),
        dilation(p.options.dilation),
        groups(p.options.groups) {}

  std::int64_t depth() const { return channels / groups; }         ///< channels of a group
  std::int64_t group_outputs() const { return outputs / groups; }  ///< outputs of a group
  std::int64_t taps() const { return rows * columns; }
  std::int64_t x_at(std::int64_t n, std::int64_t row, std::int64_t column) const {
    return ((n * height + row) * width + column) * channels;
  }
  std::int64_t y_at(std::int64_t n, std::int64_t i, std::int64_t j) const {
    return ((n * out_height + i) * out_width + j) * outputs;
  }

  /// Calls body(tap, offset of the pixel of x) for the taps of window (i, j) that lie in picture n.
  template <class Body>
  void for_each_tap(std::int64_t n, std::int64_t i, std::int64_t j, const Body& body) const {
    for (std::int64_t a = 0; a < rows; ++a)
      for (std::int64_t b = 0; b < columns; ++b) {
        const std::int64_t row = i * stride - padding + a * dilation, column = j * stride - padding + b * dilation;
        if (row < 0 || row >= height || column < 0 || column >= width) continue;
        body(a * columns + b, x_at(n, row, column));
      }
  }
};

/// w (O, taps, depth) as (group, taps, depth, outputs of the group), so that the innermost loop runs over outputs.
template <class A>
std::vector<A> outputs_last(const Sizes& s, const std::vector<A>& w) {
  std::vector<A> turned(w.size());
  for (std::int64_t o = 0; o < s.outputs; ++o)
    for (std::int64_t k = 0; k < s.taps() * s.depth(); ++k) {
      const std::int64_t group = o / s.group_outputs();
      turned[(group * s.taps() * s.depth() + k) * s.group_outputs() + o % s.group_outputs()] =
          w[o * s.taps() * s.depth() + k];
    }
  return turned;
}

template <class A>
void forward(const Sizes& s, const std::vector<A>& x, const std::vector<A>& w, std::vector<A>& y) {
  const std::vector<A> turned = outputs_last(s, w);
  cpu::parallel(s.images * s.out_height, [&](std::int64_t task) {
    const std::int64_t n = task / s.out_height, i = task % s.out_height, depth = s.depth(), outputs = s.group_outputs();
    for (std::int64_t j = 0; j < s.out_width; ++j)
      s.for_each_tap(n, i, j, [&](std::int64_t tap, std::int64_t pixel) {
        for (std::int64_t g = 0; g < s.groups; ++g)
          for (std::int64_t c = 0; c < depth; ++c)
            add_scaled(x[pixel + g * depth + c], &turned[((g * s.taps() + tap) * depth + c) * outputs],
                       &y[s.y_at(n, i, j) + g * outputs], outputs);
      });
  });
}

template <class A>
void backward_data(const Sizes& s, std::vector<A>& gx, const std::vector<A>& w, const std::vector<A>& gy) {
  cpu::parallel(s.images, [&](std::int64_t n) {
    const std::int64_t depth = s.depth();
    for (std::int64_t i = 0; i < s.out_height; ++i)
      for (std::int64_t j = 0; j < s.out_width; ++j)
        s.for_each_tap(n, i, j, [&](std::int64_t tap, std::int64_t pixel) {
          for (std::int64_t o = 0; o < s.outputs; ++o)
            add_scaled(gy[s.y_at(n, i, j) + o], &w[(o * s.taps() + tap) * depth],
                       &gx[pixel + o / s.group_outputs() * depth], depth);
        });
  });
}

/// Pictures are summed apart first: one long sum would lose digits.
template <class A>
void backward_weight(const Sizes& s, const std::vector<A>& x, std::vector<A>& gw, const std::vector<A>& gy) {
  constexpr std::int64_t kBlock = 8;  // outputs for each reading of x
  cpu::parallel_blocks(s.outputs, kBlock, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t depth = s.depth(), size = s.taps() * depth;
    std::vector<A> picture(static_cast<std::size_t>((end - begin) * size));
    for (std::int64_t n = 0; n < s.images; ++n) {
      std::fill(picture.begin(), picture.end(), A{0});
      for (std::int64_t i = 0; i < s.out_height; ++i)
        for (std::int64_t j = 0; j < s.out_width; ++j)
          s.for_each_tap(n, i, j, [&](std::int64_t tap, std::int64_t pixel) {
            for (std::int64_t o = begin; o < end; ++o)
              add_scaled(gy[s.y_at(n, i, j) + o], &x[pixel + o / s.group_outputs() * depth],
                         &picture[(o - begin) * size + tap * depth], depth);
          });
      add_scaled(A{1}, picture.data(), &gw[begin * size], (end - begin) * size);
    }
  });
}

/// relu(scale x + bias) in place of x, rounded as x is: cuDNN never stores it but multiplies numbers of that type.
template <class T>
void activate(std::vector<Accumulator<T>>& x, const FusionOperands& fused, std::int64_t channels) {
  using A = Accumulator<T>;
  const std::vector<A> scale = widened<T>(fused.scale, channels), bias = widened<T>(fused.bias, channels);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t c = i % scale.size();
    x[i] = static_cast<A>(static_cast<T>(std::max(scale[c] * x[i] + bias[c], A{0})));
  }
}

void store(const std::vector<double>& sums, void* to) {
  std::transform(sums.begin(), sums.end(), static_cast<float*>(to), [](double sum) { return static_cast<float>(sum); });
}

/// Of y as it is stored.
template <class A>
void statistics(const std::vector<A>& y, const FusionOperands& fused, std::int64_t channels) {
  std::vector<double> sum(static_cast<std::size_t>(channels)), squares(sum.size());
  for (std::size_t i = 0; i < y.size(); ++i) {
    const auto value = static_cast<double>(y[i]);
    sum[i % sum.size()] += value;
    squares[i % sum.size()] += value * value;
  }
  store(sum, fused.sum);
  store(squares, fused.squares);
}

/// gx through the ReLU, as it is stored, and the gradients of the batch norm's parameters.
template <class T>
void relu_norm(std::vector<Accumulator<T>>& gx, const FusionOperands& fused, std::int64_t channels) {
  const auto read = [&](const void* from) { return widened<float>(from, channels); };
  const std::vector<float> scale = read(fused.scale), bias = read(fused.bias), mean = read(fused.mean),
                           deviation = read(fused.deviation);
  const auto x = widened<T>(fused.norm_x, static_cast<std::int64_t>(gx.size()));
  std::vector<double> gscale(scale.size()), gbias(scale.size()), times_gx, times_x, plus;
  for (std::size_t i = 0; i < gx.size(); ++i) {
    const std::size_t c = i % scale.size();
    const auto normal = (x[i] - mean[c]) * deviation[c];
    gx[i] = normal * scale[c] + bias[c] > 0 ? static_cast<Accumulator<T>>(static_cast<T>(gx[i])) : 0;
    gscale[c] += static_cast<double>(gx[i]) * static_cast<double>(normal);
    gbias[c] += static_cast<double>(gx[i]);
  }
  const double rows = static_cast<double>(gx.size()) / static_cast<double>(channels);
  for (std::size_t c = 0; c < scale.size(); ++c) {
    const double r = static_cast<double>(deviation[c]), a = static_cast<double>(scale[c]) * r;
    times_gx.push_back(a);
    times_x.push_back(-a * r * gscale[c] / rows);
    plus.push_back(-a * gbias[c] / rows - times_x[c] * static_cast<double>(mean[c]));
  }
  store(gscale, fused.gscale);
  store(gbias, fused.gbias);
  store(times_gx, fused.times_gx);
  store(times_x, fused.times_norm_x);
  store(plus, fused.plus);
}

}  // namespace

void naive_conv2d(const Conv2dProblem& problem, const cuda::Conv2dOperands& operands) {
  const Sizes s(problem);
  with_multiplied(problem.dtype, [&]<class T>() {
    using Sums = std::vector<Accumulator<T>>;
    const auto input = [](const void* at, const Shape& shape) { return widened<T>(at, shape.numel()); };
    const auto zeros = [](const Shape& shape) { return Sums(static_cast<std::size_t>(shape.numel())); };
    const auto read_x = [&] {
      Sums x = input(operands.x, problem.x);
      if (activates(problem.fusion)) activate<T>(x, operands.fused, s.channels);
      return x;
    };
    if (problem.direction == Direction::forward) {
      Sums y = zeros(problem.y);
      forward(s, read_x(), input(operands.w, problem.w), y);
      narrow<T>(y, operands.y);
      if (problem.fusion != Fusion::none) statistics(input(operands.y, problem.y), operands.fused, s.outputs);
    } else if (problem.direction == Direction::backward_data) {
      Sums gx = zeros(problem.x);
      backward_data(s, gx, input(operands.w, problem.w), input(operands.y, problem.y));
      if (problem.fusion != Fusion::none) relu_norm<T>(gx, operands.fused, s.channels);
      narrow<T>(gx, operands.x);
    } else {
      Sums gw = zeros(problem.w);
      backward_weight(s, read_x(), gw, input(operands.y, problem.y));
      narrow<T>(gw, operands.w);
    }
  });
}

}  // namespace s4l::emulated
