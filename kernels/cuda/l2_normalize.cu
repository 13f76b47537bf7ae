// With r = 1 / sqrt(max(|x|^2, floor)) per row: y = r x, and gx = r (gy - y (y . gy)) above the floor, r gy below. Each
// row is read once. Squares are summed in double: those of tiny rows do not underflow.
#include "s4l/core/ops/l2_normalize.h"

#include <cmath>

#include "s4l/kernels/cuda/row.cuh"

namespace s4l::S4L_KNS {
namespace {

template <class Row, class T = typename Row::T>
__global__ void __launch_bounds__(Row::kThreads, Row::kBlocks)
    l2_normalize_rows(const T* x, double floor, std::int64_t n, std::int64_t size, int kept, T* y) {
  using X = Number<T>;
  using Team = typename Row::Team;
  for (auto turn = Turn<Team>::begin(n); turn.first < n; turn = turn.next(n)) {
    const Row row(x + turn.row * size, size, kept, 0);
    double squares[1] = {0};
    row.each([&](std::int64_t, X value) { squares[0] += static_cast<double>(value) * static_cast<double>(value); });
    Team::template reduce<Plus>(squares);
    const X r = static_cast<X>(1 / std::sqrt(std::fmax(squares[0], floor)));
    if (turn.counts) row.write(y + turn.row * size, [&](std::int64_t, X value) { return r * value; });
  }
}

template <class Row, class T = typename Row::T>
__global__ void __launch_bounds__(Row::kThreads, Row::kBlocks)
    l2_normalize_gradient_rows(const T* x, const T* gy, double floor, std::int64_t n, std::int64_t size, int kept,
                               T* gx) {
  using X = Number<T>;
  using Team = typename Row::Team;
  for (auto turn = Turn<Team>::begin(n); turn.first < n; turn = turn.next(n)) {
    const std::int64_t at = turn.row * size;
    const Row row(x + at, size, kept, 0), gradient(gy + at, size, kept, 1);
    double sums[2] = {0, 0};  // |x|^2, x . gy
    row.each(
        [&](std::int64_t, X value, X g) {
          sums[0] += static_cast<double>(value) * static_cast<double>(value);
          sums[1] += static_cast<double>(value) * static_cast<double>(g);
        },
        gradient);
    Team::template reduce<Plus>(sums);
    const double inverse = 1 / std::sqrt(std::fmax(sums[0], floor));
    const X r = static_cast<X>(inverse), along = static_cast<X>(sums[0] > floor ? inverse * sums[1] : 0.0);
    if (turn.counts)
      row.write(
          gx + at, [&](std::int64_t, X value, X g) { return r * (g - along * (r * value)); }, gradient);
  }
}

}  // namespace
}  // namespace s4l::S4L_KNS

namespace s4l::cuda {

void l2_normalize(const Tensor& x, double floor, const Tensor& y) {
  const std::int64_t n = x.shape()[0], size = n == 0 ? 0 : x.numel() / n;
  with_any_float(x.dtype(), [&]<class T>() {
    with_row<T>(n, size, 1, {x.raw(), y.raw()}, [&]<class Row>(const RowLaunch& launch) {
      allow_shared_memory(S4L_KNS::l2_normalize_rows<Row>, launch.shared);
      S4L_LAUNCH(S4L_KNS::l2_normalize_rows<Row>, launch.grid.blocks, launch.grid.threads, launch.shared, stream_of(x),
                 x.data<T>(), floor, n, size, launch.kept, y.data<T>());
    });
  });
}

void l2_normalize_backward(const Tensor& x, const Tensor& gy, double floor, const Tensor& gx) {
  const std::int64_t n = x.shape()[0], size = n == 0 ? 0 : x.numel() / n;
  with_any_float(x.dtype(), [&]<class T>() {
    with_row<T>(n, size, 2, {x.raw(), gy.raw(), gx.raw()}, [&]<class Row>(const RowLaunch& launch) {
      allow_shared_memory(S4L_KNS::l2_normalize_gradient_rows<Row>, launch.shared);
      S4L_LAUNCH(S4L_KNS::l2_normalize_gradient_rows<Row>, launch.grid.blocks, launch.grid.threads, launch.shared,
                 stream_of(x), x.data<T>(), gy.data<T>(), floor, n, size, launch.kept, gx.data<T>());
    });
  });
}

}  // namespace s4l::cuda
