// With delta_k = z_k - clean_k and p = softmax(clean), log p~_k - log p_k = delta_k - L, L = log sum_k p_k
// exp(delta_k). Where all |delta| are small L = log1p(sum p expm1(delta)) keeps every digit, and so do the formulas:
// VAT differentiates a divergence of nearly equal logits. Both rows are read once.
#include "s4l/core/ops/kl_divergence.h"

#include <cmath>

#include "s4l/kernels/cuda/exponential.cuh"
#include "s4l/kernels/cuda/mean_loss.cuh"
#include "s4l/kernels/cuda/row.cuh"
#include "s4l/kernels/formulas.h"

namespace s4l::S4L_KNS {
namespace {

/// A row's two distributions: exp(log_p(k)) and that times exp(ratio(k)).
template <class X>
struct Distributions {
  X log_clean, shift;
  __device__ __forceinline__ X log_p(X clean) const { return clean - log_clean; }
  __device__ __forceinline__ X ratio(X z, X clean) const { return z - clean - shift; }
};

template <class Row, class X = Number<typename Row::T>>
__device__ __forceinline__ Distributions<X> distributions(const Row& z, const Row& clean) {
  using Team = typename Row::Team;
  X most[3] = {-INFINITY, -INFINITY, 0};  // z, clean, |delta|
  z.each(
      [&](std::int64_t, X a, X b) {
        most[0] = std::fmax(most[0], a);
        most[1] = std::fmax(most[1], b);
        most[2] = std::fmax(most[2], std::fabs(a - b));
      },
      clean);
  Team::template reduce<Larger>(most);
  const bool near = most[2] <= 1;
  X sums[2] = {0, 0};  // of exp(clean), and of that times expm1(delta) or of exp(z)
  z.each(
      [&](std::int64_t, X a, X b) {
        const X e = exponential(b - most[1]);
        sums[0] += e;
        sums[1] += near ? e * std::expm1(a - b) : exponential(a - most[0]);
      },
      clean);
  Team::template reduce<Plus>(sums);
  const X log_clean = most[1] + std::log(sums[0]);
  return {log_clean, near ? std::log1p(sums[1] / sums[0]) : most[0] + std::log(sums[1]) - log_clean};
}

template <class Row, class Formula, class T = typename Row::T>
__global__ void __launch_bounds__(Row::kThreads, Row::kBlocks)
    kl_rows(const T* z, const T* clean, std::int64_t n, int classes, int kept, T* rows, T* gz, double* parts) {
  using X = Number<T>;
  using Team = typename Row::Team;
  double loss = 0;
  for (auto turn = Turn<Team>::begin(n); turn.first < n; turn = turn.next(n)) {
    const std::int64_t at = turn.row * classes;
    const Row perturbed(z + at, classes, kept, 0), given(clean + at, classes, kept, 1);
    const Distributions<X> d = distributions(perturbed, given);
    const auto of = [&](auto formula, X a, X b) {
      const X log_p = d.log_p(b), ratio = d.ratio(a, b);
      return formula(std::exp(log_p + ratio), std::exp(log_p), ratio);
    };
    X kl[1] = {0};
    perturbed.each([&](std::int64_t, X a,
                       X b) { kl[0] += of([](X p, X q, X ratio) { return Formula::value(p, q, ratio); }, a, b); },
                   given);
    Team::template reduce<Plus>(kl);
    if (!turn.counts) continue;
    if (Team::rank() == 0) {
      rows[turn.row] = rounded<T>(kl[0]);
      loss += static_cast<double>(kl[0]) / static_cast<double>(n);
    }
    if (gz == nullptr) continue;
    const X share = 1 / static_cast<X>(n);
    perturbed.write(
        gz + at,
        [&](std::int64_t, X a, X b) {
          return share * of([&](X p, X q, X ratio) { return Formula::slope(p, q, ratio, kl[0]); }, a, b);
        },
        given);
  }
  write_part(loss, parts);
}

}  // namespace
}  // namespace s4l::S4L_KNS

namespace s4l::cuda {
namespace {

template <class Formula>
void divergence(const Tensor& z, const Tensor& clean, const Tensor& loss, const Tensor& rows, const Tensor& gz) {
  const std::int64_t n = z.shape()[0], k = z.shape()[1];
  with_any_float(z.dtype(), [&]<class T>() {
    T* const gradient = data_or_null<T>(gz);
    with_row<T>(n, k, 2, {z.raw(), clean.raw(), gradient}, [&]<class Row>(const RowLaunch& launch) {
      const Tensor parts = parts_of(launch.grid, z.device());
      allow_shared_memory(S4L_KNS::kl_rows<Row, Formula>, launch.shared);
      S4L_LAUNCH((S4L_KNS::kl_rows<Row, Formula>), launch.grid.blocks, launch.grid.threads, launch.shared, stream_of(z),
                 z.data<T>(), clean.data<T>(), n, static_cast<int>(k), launch.kept, rows.data<T>(), gradient,
                 parts.data<double>());
      add_up<T>(parts, loss);
    });
  });
}

}  // namespace

void kl_divergence(const Tensor& z, const Tensor& clean, KlOrder order, const Tensor& loss, const Tensor& rows,
                   const Tensor& gz) {
  if (order == KlOrder::perturbed_first)
    divergence<formula::kl_perturbed_first>(z, clean, loss, rows, gz);
  else
    divergence<formula::kl_clean_first>(z, clean, loss, rows, gz);
}

}  // namespace s4l::cuda
