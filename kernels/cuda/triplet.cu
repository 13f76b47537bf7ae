// Within a group, D_jk = sqrt(max(|e_j - e_k|^2, 1e-12)). With w_j = sigmoid(p_j - n_j) / N and c_jk = w_j (share of k
// among the farthest positives - share among the nearest negatives) / D_jk, 0 where D is clamped:
//   ge_j = sum_k (c_jk + c_kj) (e_j - e_k)
// Three passes: distances; a warp for each anchor, which turns its row of them into coefficients; gradients.
#include "s4l/core/ops/triplet.h"

#include <cmath>

#include "s4l/kernels/cuda/distances.cuh"
#include "s4l/kernels/cuda/mean_loss.cuh"
#include "s4l/kernels/cuda/row.cuh"
#include "s4l/kernels/formulas.h"

namespace s4l::S4L_KNS {
namespace {

/// A warp's anchor among the n rows of its group; turns its squared distances into coefficients. Returns its loss.
template <class X>
__device__ __forceinline__ X mine(X* row, const std::int32_t* identity, std::int64_t anchor, std::int64_t n, X all) {
  using Team = WarpTeam<kWarp>;
  constexpr X kFloor = static_cast<X>(1e-12);  // of a squared distance
  const auto each_other = [&](const auto& see) {
    for (std::int64_t k = Team::rank(); k < n; k += Team::size())
      if (k != anchor) see(k, identity[k] == identity[anchor]);
  };
  // 0, or NaN where the embedding is not finite, which no comparison would find: the lane's that overwrites it below.
  const X self = Team::rank() == 0 ? row[anchor] - row[anchor] : X{0};
  X hardest[2] = {-INFINITY, -INFINITY};  // largest squared distance of a positive, of a negative the largest negated
  each_other([&](std::int64_t k, bool same) {
    if (same)
      hardest[0] = std::fmax(hardest[0], row[k]);
    else
      hardest[1] = std::fmax(hardest[1], -row[k]);
  });
  Team::reduce<Larger>(hardest);
  X ties[2] = {0, 0};
  each_other([&](std::int64_t k, bool same) {
    ties[0] += same && row[k] == hardest[0];
    ties[1] += !same && row[k] == -hardest[1];
  });
  Team::reduce<Plus>(ties);
  const bool complete = ties[0] > 0 && ties[1] > 0;
  const X gap = complete ? std::sqrt(std::fmax(hardest[0], kFloor)) - std::sqrt(std::fmax(-hardest[1], kFloor)) : X{0};
  const X weight = complete ? formula::softplus::slope(gap) / all : X{0};
  const auto share = [&](X squared, X best, X count) {
    return squared == best && squared > kFloor ? weight / (count * std::sqrt(squared)) : X{0};
  };
  each_other([&](std::int64_t k, bool same) {
    row[k] = !complete ? X{0} : (same ? share(row[k], hardest[0], ties[0]) : -share(row[k], -hardest[1], ties[1]));
  });
  if (Team::rank() == 0) row[anchor] = self;
  return self + (complete ? formula::softplus::value(gap) : X{0});
}

template <class T, class X = Number<T>>
__global__ void mine_rows(X* squared, const std::int32_t* identity, std::int64_t all, std::int64_t n, T* anchors,
                          double* parts) {
  using Team = WarpTeam<kWarp>;
  double loss = 0;
  for (auto turn = Turn<Team>::begin(all); turn.first < all; turn = turn.next(all)) {
    if (!turn.counts) continue;  // not again: rows change in place
    const std::int64_t j = turn.row, first = j / n * n;
    const X worth = mine(squared + j * n, identity + first, j - first, n, static_cast<X>(all));
    if (Team::rank() != 0) continue;
    anchors[j] = rounded<T>(worth);
    loss += static_cast<double>(worth) / static_cast<double>(all);
  }
  write_part(loss, parts);
}

/// A block works on a row, V neighbouring columns a thread; the coefficients come a block's worth at a time.
template <class T, int V, class X = Number<T>>
__global__ void __launch_bounds__(256) triplet_gradient_rows(const T* e, const X* coefficients, std::int64_t all,
                                                             std::int64_t n, std::int64_t size, T* ge) {
  S4L_SHARED(X, both, [256]);
  const int rank = static_cast<int>(threadIdx.x), threads = static_cast<int>(blockDim.x);
  for (std::int64_t j = blockIdx.x; j < all; j += gridDim.x) {
    const std::int64_t first = j / n * n;
    for (std::int64_t begin = 0; begin < size; begin += std::int64_t{V} * threads) {
      const std::int64_t column = begin + std::int64_t{V} * rank;
      const bool mine = column < size;
      X own[V] = {}, sum[V] = {};
      if (mine) load(e + j * size + column, own);
      for (std::int64_t from = 0; from < n; from += threads) {
        const int count = static_cast<int>(n - from < threads ? n - from : threads);
        __syncthreads();
        if (rank < count)
          both[rank] = coefficients[j * n + from + rank] + coefficients[(first + from + rank) * n + j - first];
        __syncthreads();
        for (int k = 0; k < count; ++k) {
          if (both[k] == 0 || !mine) continue;
          X other[V];
          load(e + (first + from + k) * size + column, other);
#pragma unroll
          for (int v = 0; v < V; ++v) sum[v] += both[k] * (own[v] - other[v]);
        }
      }
      if (mine) store(sum, ge + j * size + column);
    }
  }
}

}  // namespace
}  // namespace s4l::S4L_KNS

namespace s4l::cuda {
namespace {

template <class T, int V>
void gradient(const Tensor& e, const Tensor& coefficients, const Tensor& ge) {
  const std::int64_t all = e.shape()[0], size = e.shape()[1];
  const Grid grid = grid_of_rows(all, size <= 32 * V ? 32 : 256);
  S4L_LAUNCH((S4L_KNS::triplet_gradient_rows<T, V>), grid.blocks, grid.threads, 0, stream_of(e), e.data<T>(),
             coefficients.data<S4L_KNS::Number<T>>(), all, coefficients.shape()[1], size, ge.data<T>());
}

}  // namespace

void triplet(const Tensor& e, const Tensor& identity, int groups, const Tensor& loss, const Tensor& anchors,
             const Tensor& ge) {
  const std::int64_t all = e.shape()[0], n = all / groups;
  with_any_float(e.dtype(), [&]<class T>() {
    const Tensor squared = squared_distances<T>(e, groups);
    const RowLaunch launch = warp_launch(all, S4L_KNS::kWarp);
    const Tensor parts = parts_of(launch.grid, e.device());
    S4L_LAUNCH(S4L_KNS::mine_rows<T>, launch.grid.blocks, launch.grid.threads, 0, stream_of(e),
               squared.data<S4L_KNS::Number<T>>(), identity.data<std::int32_t>(), all, n, anchors.data<T>(),
               parts.data<double>());
    add_up<T>(parts, loss);
    if (!ge) return;
    if (in_vectors<T>(e.shape()[1], {e.raw(), ge.raw()}))
      gradient<T, S4L_KNS::kVector<T>>(e, squared, ge);
    else
      gradient<T, 1>(e, squared, ge);
  });
}

}  // namespace s4l::cuda
