// With a = SumNorm(p~ / h~), s_c = 1 / h-_c (0 for an empty class), u_c = s_c sum_{labelled i} p_ic, m = u / sum u:
//   loss = sum_c a_c log(m_c + e),  g_c = a_c / (m_c + e),  dloss / dp_ic = s_c (g_c - sum_k g_k m_k) / sum u.
// The mean over the n labelled rows is left out of p-: SumNorm takes it away.
#include "s4l/core/ops/self_adaptive.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace s4l::cpu {
namespace {

constexpr double kTiny = 1e-12;  // under the logarithm

double inverse(double x) { return x > 0 ? 1 / x : 0; }

template <class T>
std::int64_t most_probable(const T* row, std::int64_t k) {
  return std::max_element(row, row + k) - row;
}

void normalize_sum(std::vector<double>& x) {
  double sum = 0;
  for (const double value : x) sum += value;
  for (double& value : x) value *= inverse(sum);
}

}  // namespace

void follow_confidence(const Tensor& q, double decay, const Tensor& global, const Tensor& probability,
                       const Tensor& histogram, const Tensor& next_global, const Tensor& next_probability,
                       const Tensor& next_histogram) {
  const std::int64_t n = q.shape()[0], k = q.shape()[1];
  std::vector<double> mean(static_cast<std::size_t>(k)), share(static_cast<std::size_t>(k));
  double largest = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const float* row = q.data<float>() + i * k;
    const std::int64_t c = most_probable(row, k);
    largest += static_cast<double>(row[c]) / static_cast<double>(n);
    share[static_cast<std::size_t>(c)] += 1 / static_cast<double>(n);
    for (std::int64_t j = 0; j < k; ++j)
      mean[static_cast<std::size_t>(j)] += static_cast<double>(row[j]) / static_cast<double>(n);
  }
  const auto follow = [decay](const Tensor& from, const double* batch, const Tensor& to) {
    for (std::int64_t i = 0; i < from.numel(); ++i)
      to.data<float>()[i] =
          static_cast<float>(decay * static_cast<double>(from.data<float>()[i]) + (1 - decay) * batch[i]);
  };
  follow(global, &largest, next_global);
  follow(probability, mean.data(), next_probability);
  follow(histogram, share.data(), next_histogram);
}

void self_adaptive_thresholds(const Tensor& global, const Tensor& probability, const Tensor& thresholds) {
  const float *p = probability.data<float>(), most = *std::max_element(p, p + probability.numel());
  for (std::int64_t c = 0; c < probability.numel(); ++c)
    thresholds.data<float>()[c] = *global.data<float>() * p[c] / most;
}

void fairness(const Tensor& p, const Tensor& labels, const Tensor& probability, const Tensor& histogram,
              const Tensor& loss, const Tensor& gp) {
  const std::int64_t n = p.shape()[0], k = p.shape()[1];
  const auto size = static_cast<std::size_t>(k);
  with_float(p.dtype(), [&]<class T>() {
    std::vector<double> wanted(size), inverse_share(size), m(size), slope(size);
    std::int64_t labelled = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      if (labels.data<std::int32_t>()[i] < 0) continue;
      const T* row = p.data<T>() + i * k;
      ++labelled;
      inverse_share[static_cast<std::size_t>(most_probable(row, k))] += 1;
      for (std::size_t c = 0; c < size; ++c) m[c] += static_cast<double>(row[c]);
    }
    double sum = 0, total = 0, mean_slope = 0;
    for (std::size_t c = 0; c < size; ++c) {
      inverse_share[c] = inverse(inverse_share[c] / static_cast<double>(std::max<std::int64_t>(1, labelled)));
      sum += m[c] *= inverse_share[c];
      wanted[c] = static_cast<double>(probability.data<T>()[c]) * inverse(static_cast<double>(histogram.data<T>()[c]));
    }
    normalize_sum(wanted);
    for (std::size_t c = 0; c < size && labelled > 0; ++c) {
      m[c] /= sum;
      total += wanted[c] * std::log(m[c] + kTiny);
      slope[c] = wanted[c] / (m[c] + kTiny);
      mean_slope += slope[c] * m[c];
    }
    *loss.data<T>() = static_cast<T>(total);
    for (std::int64_t i = 0; gp && i < n; ++i)
      for (std::size_t c = 0; c < size; ++c)
        gp.data<T>()[i * k + static_cast<std::int64_t>(c)] =
            labels.data<std::int32_t>()[i] < 0 ? T{0}
                                               : static_cast<T>(inverse_share[c] * (slope[c] - mean_slope) / sum);
  });
}

}  // namespace s4l::cpu
