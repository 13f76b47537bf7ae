// Sums go over fixed chunks of a group's rows, each into its own row of doubles, and the chunks are then added in
// order: the same bits for any number of threads.
#include "s4l/core/ops/batch_norm.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "s4l/kernels/cpu/batch_norm_passes.h"
#include "s4l/kernels/cpu/parallel.h"
#include "s4l/kernels/cpu/past_caches.h"

namespace s4l::cpu {
namespace {

/// x's rows in groups, and each group's rows in chunks.
struct Chunks {
  std::int64_t channels, group_rows, chunk_rows, per_group, groups;

  Chunks(const Tensor& x, int group_count, std::int64_t most) : channels(x.shape().last()), groups(group_count) {
    constexpr std::int64_t kElements = 1 << 14;
    group_rows = channels == 0 ? 0 : x.numel() / channels / groups;
    const std::int64_t wanted = std::clamp(group_rows * channels / kElements, std::int64_t{1}, most);
    chunk_rows = std::max<std::int64_t>(4, ((group_rows + wanted - 1) / wanted + 3) / 4 * 4);
    per_group = (group_rows + chunk_rows - 1) / chunk_rows;
  }

  /// Calls body(task, group, begin, end) for each chunk: rows [begin, end) of x.
  template <class Body>
  void each(const Body& body) const {
    parallel(groups * per_group, [&](std::int64_t task) {
      const std::int64_t group = task / per_group, first = group * group_rows;
      const std::int64_t begin = task % per_group * chunk_rows;
      body(task, group, first + begin, first + std::min(begin + chunk_rows, group_rows));
    });
  }
};

constexpr std::int64_t kMostSums = 64;  // chunks in all, or adding them up would take time itself
constexpr std::int64_t kChannelBlock = 256;
using BlockSums = std::array<double, kChannelBlock>;

/// Two sums per channel and chunk, (tasks, 2, C), by `step`.
template <class T, class PassOf>
Tensor chunk_sums(const Chunks& chunks, BatchNormStep step, const PassOf& pass_of) {
  const Tensor sums = empty({chunks.groups * chunks.per_group, 2, chunks.channels}, DType::f64);
  double* all = sums.data<double>();
  chunks.each([&](std::int64_t task, std::int64_t group, std::int64_t begin, std::int64_t end) {
    BatchNormPass<T> pass = pass_of(group);
    pass.sum = all + 2 * task * chunks.channels;
    pass.product = pass.sum + chunks.channels;
    std::fill_n(pass.sum, 2 * chunks.channels, 0.0);
    batch_norm_pass(step, pass, begin, end);
  });
  return sums;
}

/// Adds a group's chunks for channels [begin, end).
void add_chunks(const Chunks& chunks, const Tensor& sums, std::int64_t group, std::int64_t begin, std::int64_t end,
                BlockSums& sum, BlockSums& product) {
  sum.fill(0);
  product.fill(0);
  for (std::int64_t k = group * chunks.per_group; k < (group + 1) * chunks.per_group; ++k) {
    const double* row = sums.data<double>() + 2 * k * chunks.channels;
    for (std::int64_t c = begin; c < end; ++c) sum[c - begin] += row[c];
    for (std::int64_t c = begin; c < end; ++c) product[c - begin] += row[chunks.channels + c];
  }
}

template <class T>
T* data_or_null(const Tensor& x) {
  return x ? x.data<T>() : nullptr;
}

bool writes_around(const Tensor& y) {
  return past_caches(y) && streams_to(y.raw(), y.shape().last() * static_cast<std::int64_t>(size_of(y.dtype())));
}

/// What normalising reads.
struct Inputs {
  const Tensor &x, &mean, &rstd, &gamma, &beta, &residual;
  bool relu;

  template <class T>
  BatchNormPass<T> pass(std::int64_t group) const {
    BatchNormPass<T> pass;
    pass.channels = x.shape().last();
    pass.x = x.data<T>();
    pass.residual = data_or_null<T>(residual);
    pass.mean = mean.data<T>() + group * pass.channels;
    pass.rstd = rstd.data<T>() + group * pass.channels;
    pass.gamma = gamma.data<T>();
    pass.beta = beta.data<T>();
    pass.relu = relu;
    return pass;
  }
};

/// From sums of g and g (x - mean): what the statistics send back, (2, groups, C) for gradient's mean_g and slope_g,
/// and the parameters' gradients.
template <class T>
void combine_gradient(const Chunks& chunks, const Tensor& sums, const Tensor& rstd, const Tensor& slopes,
                      const Tensor& ggamma, const Tensor& gbeta) {
  const std::int64_t channels = chunks.channels;
  const auto n = static_cast<double>(chunks.group_rows);
  T *mean_g = data_or_null<T>(slopes), *slope_g = slopes ? mean_g + chunks.groups * channels : nullptr;
  T *to_gamma = data_or_null<T>(ggamma), *to_beta = data_or_null<T>(gbeta);
  parallel_blocks(channels, kChannelBlock, [&](std::int64_t begin, std::int64_t end) {
    BlockSums sum, product, all_products{}, all_sums{};
    for (std::int64_t g = 0; g < chunks.groups; ++g) {
      add_chunks(chunks, sums, g, begin, end, sum, product);
      for (std::int64_t c = begin; c < end; ++c) {
        const auto r = static_cast<double>(rstd.data<T>()[g * channels + c]);
        all_products[c - begin] += r * product[c - begin];
        all_sums[c - begin] += sum[c - begin];
        if (!slopes) continue;
        mean_g[g * channels + c] = static_cast<T>(sum[c - begin] / n);
        slope_g[g * channels + c] = static_cast<T>(r * r * product[c - begin] / n);
      }
    }
    for (std::int64_t c = begin; to_gamma && c < end; ++c) to_gamma[c] = static_cast<T>(all_products[c - begin]);
    for (std::int64_t c = begin; to_beta && c < end; ++c) to_beta[c] = static_cast<T>(all_sums[c - begin]);
  });
}

}  // namespace

void batch_norm_rstd(const Tensor& var, double epsilon, const Tensor& rstd) {
  with_float(var.dtype(), [&]<class T>() {
    for (std::int64_t c = 0; c < var.numel(); ++c)
      rstd.data<T>()[c] = static_cast<T>(1 / std::sqrt(static_cast<double>(var.data<T>()[c]) + epsilon));
  });
}

void batch_norm_statistics(const Tensor& x, const BatchNormOptions& options, const Tensor& mean, const Tensor& rstd,
                           const Tensor& running_mean, const Tensor& running_var) {
  const Chunks chunks(x, options.groups, std::max<std::int64_t>(1, kMostSums / options.groups));
  const auto n = static_cast<double>(chunks.group_rows);
  const double unbias = n > 1 && !options.biased ? n / (n - 1) : 1;
  with_float(x.dtype(), [&]<class T>() {
    const Tensor sums = chunk_sums<T>(chunks, BatchNormStep::moments, [&](std::int64_t) {
      BatchNormPass<T> pass;
      pass.channels = chunks.channels;
      pass.x = x.data<T>();
      return pass;
    });
    T *means = mean.data<T>(), *rstds = rstd.data<T>();
    T *run_mean = data_or_null<T>(running_mean), *run_var = data_or_null<T>(running_var);
    parallel_blocks(chunks.channels, kChannelBlock, [&](std::int64_t begin, std::int64_t end) {
      BlockSums sum, squares, mean_of_means{}, mean_of_vars{};
      for (std::int64_t g = 0; g < chunks.groups; ++g) {
        add_chunks(chunks, sums, g, begin, end, sum, squares);
        for (std::int64_t c = begin; c < end; ++c) {
          const double m = sum[c - begin] / n, rest = squares[c - begin] / n - m * m;
          const double var = rest < 0 ? 0 : rest;  // what is not finite stays so
          means[g * chunks.channels + c] = static_cast<T>(m);
          rstds[g * chunks.channels + c] = static_cast<T>(1 / std::sqrt(var + options.epsilon));
          mean_of_means[c - begin] += m / static_cast<double>(chunks.groups);
          mean_of_vars[c - begin] += var * unbias / static_cast<double>(chunks.groups);
        }
      }
      const auto move = [&](T& running, double value) {
        running = static_cast<T>(options.momentum * static_cast<double>(running) + (1 - options.momentum) * value);
      };
      for (std::int64_t c = begin; run_mean && c < end; ++c) {
        move(run_mean[c], mean_of_means[c - begin]);
        move(run_var[c], mean_of_vars[c - begin]);
      }
    });
  });
}

void batch_norm_apply(const Tensor& x, const Tensor& mean, const Tensor& rstd, const Tensor& gamma, const Tensor& beta,
                      const Tensor& residual, const BatchNormOptions& options, const Tensor& y) {
  const Chunks chunks(x, options.groups, x.numel() + 1);
  const Inputs inputs{x, mean, rstd, gamma, beta, residual, options.relu};
  const bool around = writes_around(y);
  with_float(x.dtype(), [&]<class T>() {
    chunks.each([&](std::int64_t, std::int64_t group, std::int64_t begin, std::int64_t end) {
      BatchNormPass<T> pass = inputs.pass<T>(group);
      pass.y = y.data<T>();
      pass.around = around;
      batch_norm_pass(BatchNormStep::apply, pass, begin, end);
    });
  });
}

void batch_norm_backward(const Tensor& x, const Tensor& mean, const Tensor& rstd, const Tensor& gamma,
                         const Tensor& beta, const Tensor& residual, const Tensor& gy, const BatchNormOptions& options,
                         bool through_statistics, const Tensor& arrived, const Tensor& gx, const Tensor& ggamma,
                         const Tensor& gbeta, const Tensor& gresidual) {
  const Chunks chunks(x, options.groups, std::max<std::int64_t>(1, kMostSums / options.groups));
  const Inputs inputs{x, mean, rstd, gamma, beta, residual, options.relu};
  const Tensor slopes = gx ? zeros({2, chunks.groups, chunks.channels}, x.dtype()) : Tensor();
  with_float(x.dtype(), [&]<class T>() {
    const auto pass_of = [&](std::int64_t group) {
      BatchNormPass<T> pass = inputs.pass<T>(group);
      pass.gy = gy.data<T>();
      return pass;
    };
    if (ggamma || gbeta || (gx && through_statistics)) {
      const Tensor sums = chunk_sums<T>(chunks, BatchNormStep::gradient_sums, pass_of);
      combine_gradient<T>(chunks, sums, rstd, through_statistics ? slopes : Tensor(), ggamma, gbeta);
    }
    if (!gx && !gresidual) return;
    const bool around = gx && writes_around(gx);
    chunks.each([&](std::int64_t, std::int64_t group, std::int64_t begin, std::int64_t end) {
      BatchNormPass<T> pass = pass_of(group);
      pass.arrived = data_or_null<T>(arrived);
      pass.gx = data_or_null<T>(gx);
      pass.gresidual = data_or_null<T>(gresidual);
      pass.around = around;
      pass.mean_g = slopes ? slopes.data<T>() + group * chunks.channels : nullptr;
      pass.slope_g = slopes ? pass.mean_g + chunks.groups * chunks.channels : nullptr;
      batch_norm_pass(BatchNormStep::gradient, pass, begin, end);
    });
  });
}

}  // namespace s4l::cpu
