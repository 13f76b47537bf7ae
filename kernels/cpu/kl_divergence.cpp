// With delta_k = z_k - clean_k and p = softmax(clean), log p~_k - log p_k = delta_k - L, L = log sum_k p_k
// exp(delta_k). Where all |delta| are small L = log1p(sum p expm1(delta)) keeps every digit: VAT differentiates a
// divergence of nearly equal logits. A task is a row; in double.
#include "s4l/core/ops/kl_divergence.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "s4l/kernels/cpu/parallel.h"
#include "s4l/kernels/formulas.h"

namespace s4l::cpu {
namespace {

template <class T>
double log_sum_exp(const T* z, std::int64_t k) {
  const auto max = static_cast<double>(*std::max_element(z, z + k));
  double sum = 0;
  for (std::int64_t i = 0; i < k; ++i) sum += std::exp(static_cast<double>(z[i]) - max);
  return max + std::log(sum);
}

/// A row's divergence; its share gz of the gradient of the mean over n rows, unless null.
template <class Formula, class T>
double kl_row(const T* z, const T* clean, std::int64_t k, double n, T* gz) {
  thread_local std::vector<double> log_p, ratio;
  log_p.resize(static_cast<std::size_t>(k));
  ratio.resize(static_cast<std::size_t>(k));
  const double log_clean = log_sum_exp(clean, k);
  double largest = 0, sum = 0;
  for (std::int64_t i = 0; i < k; ++i) {
    log_p[i] = static_cast<double>(clean[i]) - log_clean;
    ratio[i] = static_cast<double>(z[i]) - static_cast<double>(clean[i]);
    largest = std::fmax(largest, std::fabs(ratio[i]));
  }
  for (std::int64_t i = 0; largest <= 1 && i < k; ++i) sum += std::exp(log_p[i]) * std::expm1(ratio[i]);
  const double shift = largest <= 1 ? std::log1p(sum) : log_sum_exp(z, k) - log_clean;
  double kl = 0;
  for (std::int64_t i = 0; i < k; ++i) {
    ratio[i] -= shift;
    kl += Formula::value(std::exp(log_p[i] + ratio[i]), std::exp(log_p[i]), ratio[i]);
  }
  for (std::int64_t i = 0; gz != nullptr && i < k; ++i)
    gz[i] = static_cast<T>(Formula::slope(std::exp(log_p[i] + ratio[i]), std::exp(log_p[i]), ratio[i], kl) / n);
  return kl;
}

template <class Formula>
void kl_rows(const Tensor& z, const Tensor& clean, const Tensor& loss, const Tensor& rows, const Tensor& gz) {
  const std::int64_t n = z.shape()[0], k = z.shape()[1];
  with_float(z.dtype(), [&]<class T>() {
    parallel_blocks(n, 8, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i)
        rows.data<T>()[i] =
            static_cast<T>(kl_row<Formula>(z.data<T>() + i * k, clean.data<T>() + i * k, k, static_cast<double>(n),
                                           gz ? gz.data<T>() + i * k : nullptr));
    });
    double sum = 0;
    for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(rows.data<T>()[i]);
    *loss.data<T>() = n == 0 ? T{0} : static_cast<T>(sum / static_cast<double>(n));
  });
}

}  // namespace

void kl_divergence(const Tensor& z, const Tensor& clean, KlOrder order, const Tensor& loss, const Tensor& rows,
                   const Tensor& gz) {
  if (order == KlOrder::perturbed_first)
    kl_rows<formula::kl_perturbed_first>(z, clean, loss, rows, gz);
  else
    kl_rows<formula::kl_clean_first>(z, clean, loss, rows, gz);
}

}  // namespace s4l::cpu
