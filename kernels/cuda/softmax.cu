// Each row is read once. p_k = exp(z_k - max z) / sum_j exp(z_j - max z).
#include "s4l/core/ops/softmax.h"

#include <cmath>

#include "s4l/kernels/cuda/exponential.cuh"
#include "s4l/kernels/cuda/row.cuh"

namespace s4l::S4L_KNS {
namespace {

template <class Row, class T = typename Row::T>
__global__ void __launch_bounds__(Row::kThreads, Row::kBlocks)
    softmax_rows(const T* z, std::int64_t n, int classes, int kept, T* p) {
  using X = Number<T>;
  using Team = typename Row::Team;
  for (auto turn = Turn<Team>::begin(n); turn.first < n; turn = turn.next(n)) {
    const Row row(z + turn.row * classes, classes, kept, 0);
    X max[1] = {-INFINITY}, sum[1] = {0};
    row.each([&](std::int64_t, X value) { max[0] = std::fmax(max[0], value); });
    Team::template reduce<Larger>(max);
    row.each([&](std::int64_t, X value) { sum[0] += exponential(value - max[0]); });
    Team::template reduce<Plus>(sum);
    if (turn.counts)
      row.write(p + turn.row * classes, [&](std::int64_t, X value) { return exponential(value - max[0]) / sum[0]; });
  }
}

template <class Row, class T = typename Row::T>
__global__ void __launch_bounds__(Row::kThreads, Row::kBlocks)
    softmax_gradient_rows(const T* p, const T* gp, std::int64_t n, int classes, int kept, T* gz) {
  using X = Number<T>;
  using Team = typename Row::Team;
  for (auto turn = Turn<Team>::begin(n); turn.first < n; turn = turn.next(n)) {
    const std::int64_t at = turn.row * classes;
    const Row share(p + at, classes, kept, 0), g(gp + at, classes, kept, 1);
    X mean[1] = {0};
    share.each([&](std::int64_t, X p_k, X g_k) { mean[0] += g_k * p_k; }, g);
    Team::template reduce<Plus>(mean);
    if (turn.counts)
      share.write(
          gz + at, [&](std::int64_t, X p_k, X g_k) { return p_k * (g_k - mean[0]); }, g);
  }
}

}  // namespace
}  // namespace s4l::S4L_KNS

namespace s4l::cuda {

void softmax(const Tensor& z, const Tensor& p) {
  const std::int64_t n = z.shape()[0], k = z.shape()[1];
  with_any_float(z.dtype(), [&]<class T>() {
    with_row<T>(n, k, 1, {z.raw(), p.raw()}, [&]<class Row>(const RowLaunch& launch) {
      allow_shared_memory(S4L_KNS::softmax_rows<Row>, launch.shared);
      S4L_LAUNCH(S4L_KNS::softmax_rows<Row>, launch.grid.blocks, launch.grid.threads, launch.shared, stream_of(z),
                 z.data<T>(), n, static_cast<int>(k), launch.kept, p.data<T>());
    });
  });
}

void softmax_backward(const Tensor& p, const Tensor& gp, const Tensor& gz) {
  const std::int64_t n = p.shape()[0], k = p.shape()[1];
  with_any_float(p.dtype(), [&]<class T>() {
    with_row<T>(n, k, 2, {p.raw(), gp.raw(), gz.raw()}, [&]<class Row>(const RowLaunch& launch) {
      allow_shared_memory(S4L_KNS::softmax_gradient_rows<Row>, launch.shared);
      S4L_LAUNCH(S4L_KNS::softmax_gradient_rows<Row>, launch.grid.blocks, launch.grid.threads, launch.shared,
                 stream_of(p), p.data<T>(), gp.data<T>(), n, static_cast<int>(k), launch.kept, gz.data<T>());
    });
  });
}

}  // namespace s4l::cuda
