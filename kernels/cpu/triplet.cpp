// Within a group, D_jk = sqrt(max(|e_j - e_k|^2, 1e-12)). With w_j = sigmoid(p_j - n_j) / N and c_jk = w_j (share of k
// among the farthest positives - share among the nearest negatives) / D_jk, 0 where D is clamped:
//   ge_j = sum_k (c_jk + c_kj) (e_j - e_k)
// A task is a row of a group; distances are summed in the same order from both ends, so ties are exact.
#include "s4l/core/ops/triplet.h"

#include <cmath>
#include <limits>

#include "s4l/kernels/cpu/dot.h"
#include "s4l/kernels/cpu/parallel.h"
#include "s4l/kernels/formulas.h"

namespace s4l::cpu {
namespace {

constexpr double kFloor = 1e-12;  // of a squared distance

/// An anchor's farthest positive and nearest negative, and how many rows tie for each.
struct Hardest {
  double positive = -std::numeric_limits<double>::infinity(), negative = std::numeric_limits<double>::infinity();
  int positives = 0, negatives = 0;

  void see(double squared, bool same) {
    double& best = same ? positive : negative;
    int& count = same ? positives : negatives;
    if (same ? squared > best : squared < best) best = squared, count = 0;
    count += squared == best;
  }
  /// p_j - n_j
  double gap() const { return std::sqrt(std::fmax(positive, kFloor)) - std::sqrt(std::fmax(negative, kFloor)); }
};

/// One anchor's loss; turns its row of squared distances into the coefficients c_jk.
double mine(double* row, const std::int32_t* identity, std::int64_t anchor, std::int64_t n, double all) {
  const double self = row[anchor];  // 0; where the embedding is not finite NaN, which no comparison would find
  Hardest hardest;
  for (std::int64_t k = 0; k < n; ++k)
    if (k != anchor) hardest.see(row[k], identity[k] == identity[anchor]);
  const bool counts = hardest.positives > 0 && hardest.negatives > 0;
  const double gap = counts ? hardest.gap() : 0, weight = counts ? formula::softplus::slope(gap) / all : 0;
  const auto share = [&](double squared, double best, int ties) {
    return squared == best && squared > kFloor ? weight / (ties * std::sqrt(squared)) : 0.0;
  };
  for (std::int64_t k = 0; k < n; ++k) {
    if (k == anchor)
      row[k] = self;
    else if (!counts)
      row[k] = 0;
    else if (identity[k] == identity[anchor])
      row[k] = share(row[k], hardest.positive, hardest.positives);
    else
      row[k] = -share(row[k], hardest.negative, hardest.negatives);
  }
  return self + (counts ? formula::softplus::value(gap) : 0);
}

}  // namespace

void triplet(const Tensor& e, const Tensor& identity, int groups, const Tensor& loss, const Tensor& anchors,
             const Tensor& ge) {
  const std::int64_t all = e.shape()[0], size = e.shape()[1], n = all / groups;
  const Tensor matrix = empty({all, n}, DType::f64);  // squared distances, then coefficients; a group is square
  double* distances = matrix.data<double>();
  with_float(e.dtype(), [&]<class T>() {
    const T* from = e.data<T>();
    parallel(all, [&](std::int64_t j) {
      const std::int64_t first = j / n * n;
      for (std::int64_t k = 0; k < n; ++k)
        distances[j * n + k] = squared_distance(from + j * size, from + (first + k) * size, size);
      anchors.data<T>()[j] = static_cast<T>(
          mine(distances + j * n, identity.data<std::int32_t>() + first, j - first, n, static_cast<double>(all)));
    });
    double sum = 0;
    for (std::int64_t j = 0; j < all; ++j) sum += static_cast<double>(anchors.data<T>()[j]);
    *loss.data<T>() = all == 0 ? T{0} : static_cast<T>(sum / static_cast<double>(all));
    if (!ge) return;
    parallel(all, [&](std::int64_t j) {
      const std::int64_t first = j / n * n;
      T* to = ge.data<T>() + j * size;
      for (std::int64_t i = 0; i < size; ++i) to[i] = T{0};
      for (std::int64_t k = 0; k < n; ++k) {
        const auto c = static_cast<T>(distances[j * n + k] + distances[(first + k) * n + j - first]);
        const T* other = from + (first + k) * size;
        for (std::int64_t i = 0; c != T{0} && i < size; ++i) to[i] += c * (from[j * size + i] - other[i]);
      }
    });
  });
}

}  // namespace s4l::cpu
