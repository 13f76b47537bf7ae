// With z = (x - mean) gamma rstd + beta [+ residual] and g = gy [where z > 0]: y = z or max(0, z),
// gx = gamma rstd (g - mean(g) - (x - mean) rstd^2 mean(g (x - mean))), gresidual = g.
// Two launches each way: sums, which the block that comes last puts together, and a pass that goes through the rows the
// other way round, because the last ones read are still in the L2 cache.
#include "s4l/core/ops/batch_norm.h"

#include <cmath>

#include "s4l/kernels/cuda/channel_tiles.cuh"

namespace s4l::S4L_KNS {

/// What normalising reads; the residual may be null.
template <class T>
struct BatchNormInputs {
  const T *x, *residual;
  const Number<T>*mean, *rstd;  ///< (groups, channels)
  const Number<T>*gamma, *beta;
  bool relu;
};

/// A thread's V channels.
template <class T, int V>
struct Normalization {
  Number<T> mean[V], factor[V], beta[V];

  __device__ __forceinline__ Normalization(const BatchNormInputs<T>& in, int channels, const TilePart<V>& part) {
    const std::int64_t at = static_cast<std::int64_t>(part.group) * channels + part.channel;
#pragma unroll
    for (int i = 0; i < V; ++i) {
      mean[i] = in.mean[at + i];
      factor[i] = in.gamma[part.channel + i] * in.rstd[at + i];
      beta[i] = in.beta[part.channel + i];
    }
  }
  __device__ __forceinline__ Number<T> z(int i, Number<T> centred) const { return centred * factor[i] + beta[i]; }
};

/// Sums of x and x^2. A thread adds in T's numbers what is left of its first row's value, so that a mean of many
/// deviations costs no digits, and everything else is done in double.
template <class T>
struct Moments {
  const T* x;
  Number<T>*mean, *rstd;                 ///< (groups, channels)
  Number<T>*running_mean, *running_var;  ///< or null
  int channels, groups;
  double rows, unbias, epsilon, momentum;
  double mean_of_means = 0, mean_of_vars = 0;

  template <int V>
  __device__ __forceinline__ void add(const ChannelTiles& tiles, const TilePart<V>& part,
                                      double (&values)[2 * V]) const {
    if (part.begin >= part.end) return;
    Number<T> first[V], rest[V] = {}, rest_squares[V] = {};
    load(x + part.begin * tiles.channels + part.channel, first);
    for_rows<4>(tiles, part, [&](auto rows_now, std::int64_t at, std::int64_t step) {
      Pack<T, V> packs[rows_now.count];
      load_rows(x + at, step, packs);
#pragma unroll
      for (int r = 0; r < rows_now.count; ++r)
#pragma unroll
        for (int i = 0; i < V; ++i) {
          const Number<T> d = number(packs[r].at[i]) - first[i];
          rest[i] += d;
          rest_squares[i] += d * d;
        }
    });
    const auto n = static_cast<double>(part.rows(tiles));
#pragma unroll
    for (int i = 0; i < V; ++i) {
      const auto p = static_cast<double>(first[i]), s = static_cast<double>(rest[i]);
      values[i] = n * p + s;
      values[V + i] = static_cast<double>(rest_squares[i]) + 2 * p * s + n * p * p;
    }
  }
  __device__ __forceinline__ void finish(int channel, int group, double sum, double squares) {
    const double m = sum / rows, rest = squares / rows - m * m;
    const double var = rest < 0 ? 0 : rest;  // what is not finite stays so
    mean[group * channels + channel] = static_cast<Number<T>>(m);
    rstd[group * channels + channel] = static_cast<Number<T>>(1 / std::sqrt(var + epsilon));
    mean_of_means = (group == 0 ? 0 : mean_of_means) + m / groups;
    mean_of_vars = (group == 0 ? 0 : mean_of_vars) + var * unbias / groups;
    if (running_mean == nullptr || group + 1 < groups) return;
    move(running_mean[channel], mean_of_means);
    move(running_var[channel], mean_of_vars);
  }
  __device__ __forceinline__ void move(Number<T>& running, double value) const {
    running = static_cast<Number<T>>(momentum * static_cast<double>(running) + (1 - momentum) * value);
  }
};

/// N rows of what the gradient reads.
template <int N, class T, int V>
struct GradientRows {
  Pack<T, V> x[N], gy[N], residual[N] = {};
  bool relu;

  __device__ __forceinline__ GradientRows(const BatchNormInputs<T>& in, const T* gradient, std::int64_t at,
                                          std::int64_t step)
      : relu(in.relu) {
    load_rows(in.x + at, step, x);
    load_rows(gradient + at, step, gy);
    if (relu && in.residual != nullptr) load_rows(in.residual + at, step, residual);
  }
  __device__ __forceinline__ Number<T> centred(int r, int i, const Normalization<T, V>& norm) const {
    return number(x[r].at[i]) - norm.mean[i];
  }
  /// What passed the ReLU.
  __device__ __forceinline__ Number<T> g(int r, int i, const Normalization<T, V>& norm) const {
    const Number<T> z = norm.z(i, centred(r, i, norm)) + number(residual[r].at[i]);
    return relu && !(z > 0) ? 0 : number(gy[r].at[i]);
  }
};

/// Sums of g and g (x - mean), and from them what the gradient takes from the statistics, and the parameters'
/// gradients.
template <class T>
struct GradientSums {
  BatchNormInputs<T> in;
  const T* gy;
  Number<T>*mean_g, *slope_g;  ///< (groups, channels), or null
  Number<T>*ggamma, *gbeta;    ///< or null
  int channels, groups;
  double rows;
  double all_products = 0, all_sums = 0;

  template <int V>
  __device__ __forceinline__ void add(const ChannelTiles& tiles, const TilePart<V>& part,
                                      double (&values)[2 * V]) const {
    const Normalization<T, V> norm(in, channels, part);
    Number<T> sums[V] = {}, products[V] = {};
    for_rows<3>(tiles, part, [&](auto rows_now, std::int64_t at, std::int64_t step) {
      const GradientRows<rows_now.count, T, V> rows_of(in, gy, at, step);
#pragma unroll
      for (int r = 0; r < rows_now.count; ++r)
#pragma unroll
        for (int i = 0; i < V; ++i) {
          const Number<T> g = rows_of.g(r, i, norm);
          sums[i] += g;
          products[i] += g * rows_of.centred(r, i, norm);
        }
    });
#pragma unroll
    for (int i = 0; i < V; ++i) {
      values[i] = static_cast<double>(sums[i]);
      values[V + i] = static_cast<double>(products[i]);
    }
  }
  __device__ __forceinline__ void finish(int channel, int group, double sum, double product) {
    const std::int64_t at = static_cast<std::int64_t>(group) * channels + channel;
    const auto r = static_cast<double>(in.rstd[at]);
    all_products = (group == 0 ? 0 : all_products) + r * product;
    all_sums = (group == 0 ? 0 : all_sums) + sum;
    if (mean_g != nullptr) {
      mean_g[at] = static_cast<Number<T>>(sum / rows);
      slope_g[at] = static_cast<Number<T>>(r * r * product / rows);
    }
    if (group + 1 < groups) return;
    if (ggamma != nullptr) ggamma[channel] = static_cast<Number<T>>(all_products);
    if (gbeta != nullptr) gbeta[channel] = static_cast<Number<T>>(all_sums);
  }
};

inline constexpr int kPassThreads = 256;

template <class T, int V, class Sums>
__global__ void __launch_bounds__(kMostTileThreads, 1)
    batch_norm_sums(ChannelTiles tiles, Sums sums, double* parts, unsigned* arrived) {
  sum_channels<V>(tiles, sums, parts, arrived);
}

template <class T, int V>
__global__ void __launch_bounds__(kPassThreads, 2)
    batch_norm_normalize(ChannelTiles tiles, BatchNormInputs<T> in, T* y) {
  const int tasks = tiles.tasks();
  for (int task = tasks - 1 - static_cast<int>(blockIdx.x); task >= 0; task -= static_cast<int>(gridDim.x)) {
    const TilePart<V> part(tiles, task);
    if (!part.works) continue;
    const Normalization<T, V> norm(in, tiles.channels, part);
    for_rows<6>(tiles, part, [&](auto rows_now, std::int64_t at, std::int64_t step) {
      Pack<T, V> x[rows_now.count], residual[rows_now.count] = {};
      load_rows(in.x + at, step, x);
      if (in.residual != nullptr) load_rows(in.residual + at, step, residual);
#pragma unroll
      for (int r = 0; r < rows_now.count; ++r) {
        Number<T> to[V];
#pragma unroll
        for (int i = 0; i < V; ++i) {
          const Number<T> z = norm.z(i, number(x[r].at[i]) - norm.mean[i]) + number(residual[r].at[i]);
          to[i] = in.relu && z < 0 ? 0 : z;  // a NaN stays one
        }
        store(to, y + at + r * step);
      }
    });
  }
}

/// arrived, which may be gx, gx and gresidual may each be null; mean_g and slope_g are where the statistics are fixed.
template <class T, int V>
__global__ void __launch_bounds__(kPassThreads, 2)
    batch_norm_gradient(ChannelTiles tiles, BatchNormInputs<T> in, const T* gy, const Number<T>* mean_g,
                        const Number<T>* slope_g, const T* arrived, T* gx, T* gresidual) {
  const int tasks = tiles.tasks();
  for (int task = tasks - 1 - static_cast<int>(blockIdx.x); task >= 0; task -= static_cast<int>(gridDim.x)) {
    const TilePart<V> part(tiles, task);
    if (!part.works) continue;
    const Normalization<T, V> norm(in, tiles.channels, part);
    Number<T> mean_of_g[V] = {}, slope[V] = {};
    const std::int64_t first = static_cast<std::int64_t>(part.group) * tiles.channels + part.channel;
    if (mean_g != nullptr)
#pragma unroll
      for (int i = 0; i < V; ++i) {
        mean_of_g[i] = mean_g[first + i];
        slope[i] = slope_g[first + i];
      }
    for_rows<3>(tiles, part, [&](auto rows_now, std::int64_t at, std::int64_t step) {
      const GradientRows<rows_now.count, T, V> rows_of(in, gy, at, step);
#pragma unroll
      for (int r = 0; r < rows_now.count; ++r) {
        Number<T> to[V];
#pragma unroll
        for (int i = 0; i < V; ++i) to[i] = rows_of.g(r, i, norm);
        if (gresidual != nullptr) store(to, gresidual + at + r * step);
        if (gx == nullptr) continue;
        Pack<T, V> before[1] = {};  // read here, not with the others: three rows of it do not fit into the registers
        if (arrived != nullptr) load_rows(arrived + at + r * step, step, before);
#pragma unroll
        for (int i = 0; i < V; ++i)
          to[i] = norm.factor[i] * (to[i] - mean_of_g[i] - rows_of.centred(r, i, norm) * slope[i]) +
                  number(before[0].at[i]);
        store(to, gx + at + r * step);
      }
    });
  }
}

template <class P>
__global__ void batch_norm_inverse_deviation(const P* var, double epsilon, std::int64_t n, P* rstd) {
  for_runs<1>(
      n, [=](auto, std::int64_t i) { rstd[i] = static_cast<P>(1 / std::sqrt(static_cast<double>(var[i]) + epsilon)); });
}

}  // namespace s4l::S4L_KNS

namespace s4l::cuda {
namespace {

using namespace S4L_KNS;

constexpr std::int64_t kMostSums = 108;  // a block on each processor of an A100, and few sums for the last one
constexpr std::int64_t kMostPasses = 1 << 20;

template <class T>
BatchNormInputs<T> inputs(const Tensor& x, const Tensor& mean, const Tensor& rstd, const Tensor& gamma,
                          const Tensor& beta, const Tensor& residual, bool relu) {
  using P = Number<T>;
  return {x.data<T>(), data_or_null<T>(residual), mean.data<P>(), rstd.data<P>(), gamma.data<P>(), beta.data<P>(),
          relu};
}

template <class T, int V, class Sums>
void launch_sums(const Tensor& x, const ChannelTiles& tiles, const Sums& sums) {
  const Tensor parts = empty({tiles.groups, tiles.chunks, 2, tiles.channels}, DType::f64, x.device());
  const Grid grid = grid_of_rows(tiles.tasks(), kMostTileThreads);
  S4L_LAUNCH((batch_norm_sums<T, V, Sums>), grid.blocks, grid.threads, 0, stream_of(x), tiles, sums,
             parts.data<double>(), block_counters(x.device(), tiles.strips));
}

}  // namespace

void batch_norm_rstd(const Tensor& var, double epsilon, const Tensor& rstd) {
  with_float(var.dtype(), [&]<class P>() {
    const Grid grid = grid_of_items(var.numel());
    S4L_LAUNCH(batch_norm_inverse_deviation<P>, grid.blocks, grid.threads, 0, stream_of(var), var.data<P>(), epsilon,
               var.numel(), rstd.data<P>());
  });
}

void batch_norm_statistics(const Tensor& x, const BatchNormOptions& options, const Tensor& mean, const Tensor& rstd,
                           const Tensor& running_mean, const Tensor& running_var) {
  with_any_float(x.dtype(), [&]<class T>() {
    using P = Number<T>;
    with_lanes<T>(in_vectors<T>(x, {}), [&](auto lanes) {
      const ChannelTiles tiles = channel_tiles(x, options.groups, lanes.count, kMostTileThreads, kMostSums);
      const auto n = static_cast<double>(tiles.group_rows);
      launch_sums<T, lanes.count>(
          x, tiles,
          Moments<T>{x.data<T>(), mean.data<P>(), rstd.data<P>(), data_or_null<P>(running_mean),
                     data_or_null<P>(running_var), tiles.channels, tiles.groups, n,
                     n > 1 && !options.biased ? n / (n - 1) : 1, options.epsilon, options.momentum});
    });
  });
}

void batch_norm_apply(const Tensor& x, const Tensor& mean, const Tensor& rstd, const Tensor& gamma, const Tensor& beta,
                      const Tensor& residual, const BatchNormOptions& options, const Tensor& y) {
  with_any_float(x.dtype(), [&]<class T>() {
    with_lanes<T>(in_vectors<T>(x, {residual, y}), [&](auto lanes) {
      const ChannelTiles tiles = channel_tiles(x, options.groups, lanes.count, kPassThreads, kMostPasses);
      const Grid grid = grid_of_rows(tiles.tasks(), kPassThreads);
      S4L_LAUNCH((batch_norm_normalize<T, lanes.count>), grid.blocks, grid.threads, 0, stream_of(x), tiles,
                 inputs<T>(x, mean, rstd, gamma, beta, residual, options.relu), y.data<T>());
    });
  });
}

void batch_norm_backward(const Tensor& x, const Tensor& mean, const Tensor& rstd, const Tensor& gamma,
                         const Tensor& beta, const Tensor& residual, const Tensor& gy, const BatchNormOptions& options,
                         bool through_statistics, const Tensor& arrived, const Tensor& gx, const Tensor& ggamma,
                         const Tensor& gbeta, const Tensor& gresidual) {
  const bool slopes = gx && through_statistics;
  with_any_float(x.dtype(), [&]<class T>() {
    using P = Number<T>;
    const BatchNormInputs<T> in = inputs<T>(x, mean, rstd, gamma, beta, residual, options.relu);
    const Tensor from_statistics =
        slopes ? empty({2, options.groups, x.shape().last()}, mean.dtype(), x.device()) : Tensor();
    P* mean_g = data_or_null<P>(from_statistics);
    P* slope_g = slopes ? mean_g + mean.numel() : nullptr;
    with_lanes<T>(in_vectors<T>(x, {residual, gy, arrived, gx, gresidual}), [&](auto lanes) {
      if (slopes || ggamma || gbeta) {
        const ChannelTiles tiles = channel_tiles(x, options.groups, lanes.count, kMostTileThreads, kMostSums);
        launch_sums<T, lanes.count>(
            x, tiles,
            GradientSums<T>{in, gy.data<T>(), mean_g, slope_g, data_or_null<P>(ggamma), data_or_null<P>(gbeta),
                            tiles.channels, tiles.groups, static_cast<double>(tiles.group_rows)});
      }
      if (!gx && !gresidual) return;
      const ChannelTiles tiles = channel_tiles(x, options.groups, lanes.count, kPassThreads, kMostPasses);
      const Grid grid = grid_of_rows(tiles.tasks(), kPassThreads);
      S4L_LAUNCH((batch_norm_gradient<T, lanes.count>), grid.blocks, grid.threads, 0, stream_of(x), tiles, in,
                 gy.data<T>(), mean_g, slope_g, data_or_null<T>(arrived), data_or_null<T>(gx),
                 data_or_null<T>(gresidual));
    });
  });
}

}  // namespace s4l::cuda
