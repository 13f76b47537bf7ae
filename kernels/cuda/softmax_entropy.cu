// Each row of logits is read once. With s_k = z_k - max z, e_k = exp(s_k) and E = sum e: log p_k = s_k - log E,
// H = log E - sum e_k s_k / E, and of row i's share of the loss
//   N gz_k = c (T p_k - t_k) - h p_k (log p_k + H),  t the (smoothed) label row, T its sum, c and h the weights.
#include "s4l/core/ops/softmax_entropy.h"

#include <climits>
#include <cmath>

#include "s4l/kernels/cuda/exponential.cuh"
#include "s4l/kernels/cuda/mean_loss.cuh"
#include "s4l/kernels/cuda/row.cuh"

namespace s4l::S4L_KNS {
namespace {

/// What a row's loss is made of; the weights are divided by the number of rows.
template <class X>
struct Weights {
  X cross_entropy, entropy, smoothing;
};

struct Earlier {
  __device__ __forceinline__ static int of(int a, int b) { return a < b ? a : b; }
  template <class>
  __device__ __forceinline__ static int nothing() {
    return INT_MAX;
  }
};

/// A row's label: the place of a one, or a distribution, or none.
template <class T>
struct Label {
  const T* soft;
  int place;

  __device__ __forceinline__ bool given() const { return soft != nullptr || place != -1; }
  __device__ __forceinline__ Number<T> operator()(std::int64_t k) const {
    if (soft != nullptr) return number(soft[k]);
    return k == place ? Number<T>{1} : Number<T>{0};
  }
};

/// One team's row; what it is worth is put down where `counts`, and returned by the first of the team.
template <class Row, class T = typename Row::T, class X = Number<T>>
__device__ __forceinline__ X softmax_row(const Row& row, int classes, const Label<T>& label, const Weights<X>& weights,
                                         bool counts, T* cross_entropy, T* entropy, T* hit, T* gz) {
  using Team = typename Row::Team;
  X most[2] = {-INFINITY, -INFINITY};
  row.each([&](std::int64_t k, X z) {
    most[0] = std::fmax(most[0], z);
    most[1] = std::fmax(most[1], label(k));
  });
  Team::template reduce<Larger>(most);
  const X max = most[0] == -INFINITY ? X{0} : most[0];
  X sums[5] = {0, 0, 0, 0, 0};         // of e, e s, s, t, t s
  int places[2] = {INT_MAX, INT_MAX};  // of the first largest z and t
  row.each([&](std::int64_t k, X z) {
    const X s = z - max, e = exponential(s), t = label(k);
    sums[0] += e;
    sums[1] += e > 0 ? e * s : X{0};  // a logit of -inf has no probability
    sums[2] += s;
    sums[3] += t;
    sums[4] += t != 0 ? t * s : X{0};
    if (z == max) places[0] = Earlier::of(places[0], static_cast<int>(k));
    if (t == most[1]) places[1] = Earlier::of(places[1], static_cast<int>(k));
  });
  Team::template reduce<Plus>(sums);
  Team::template reduce<Earlier>(places);
  const X e = sums[0] == 0 ? static_cast<X>(NAN) : sums[0];  // all logits are -inf: no distribution
  const bool wrong = label.soft == nullptr && (label.place < -1 || label.place >= classes);
  const X hard = label.given() ? 1 - weights.smoothing : 0;
  const X spread = label.given() ? weights.smoothing / static_cast<X>(classes) : 0;
  const X log_e = std::log(e), h = log_e - sums[1] / e, total = hard * sums[3] + spread * static_cast<X>(classes);
  X ce = total * log_e - (hard > 0 ? hard * sums[4] : X{0}) - (spread > 0 ? spread * sums[2] : X{0});
  if (wrong) ce = static_cast<X>(NAN);
  if (counts && gz != nullptr) {
    const X c = weights.cross_entropy, slope = (c * total + weights.entropy * (log_e - h)) / e;
    row.write(gz, [&](std::int64_t k, X z) {
      const X s = z - max, p = exponential(s);
      return p * (slope - (p > 0 ? weights.entropy / e * s : X{0})) - c * (hard * label(k) + spread);
    });
  }
  if (!counts || Team::rank() != 0) return 0;
  *cross_entropy = rounded<T>(ce);
  *entropy = rounded<T>(h);
  *hit = rounded<T>(label.given() && !wrong && places[0] == places[1] ? X{1} : X{0});
  return weights.cross_entropy * ce + weights.entropy * h;
}

template <class Row, class T = typename Row::T>
__global__ void __launch_bounds__(Row::kThreads, Row::kBlocks)
    softmax_entropy_rows(const T* z, const std::int32_t* labels, const T* soft, Weights<Number<T>> weights,
                         std::int64_t n, int classes, int kept, T* cross_entropy, T* entropy, T* hit, T* gz,
                         double* parts) {
  double loss = 0;
  for (auto turn = Turn<typename Row::Team>::begin(n); turn.first < n; turn = turn.next(n)) {
    const std::int64_t i = turn.row, at = i * classes;
    const Row row(z + at, classes, kept, 0);
    const Label<T> label{soft != nullptr ? soft + at : nullptr, labels != nullptr ? labels[i] : -1};
    loss += static_cast<double>(softmax_row(row, classes, label, weights, turn.counts, cross_entropy + i, entropy + i,
                                            hit + i, gz != nullptr ? gz + at : nullptr));
  }
  write_part(loss, parts);
}

}  // namespace
}  // namespace s4l::S4L_KNS

namespace s4l::cuda {

void softmax_entropy(const Tensor& z, const Tensor& labels, const SoftmaxEntropyOptions& options, const Tensor& loss,
                     const Tensor& cross_entropy, const Tensor& entropy, const Tensor& hit, const Tensor& gz) {
  const std::int64_t n = z.shape()[0], k = z.shape()[1];
  const bool hard = labels && labels.dtype() == DType::i32;
  with_any_float(z.dtype(), [&]<class T>() {
    using X = S4L_KNS::Number<T>;
    const auto rows = static_cast<double>(n);
    const S4L_KNS::Weights<X> weights{static_cast<X>(options.cross_entropy / rows),
                                      static_cast<X>(options.entropy / rows), static_cast<X>(options.label_smoothing)};
    T* const gradient = data_or_null<T>(gz);
    with_row<T>(n, k, 1, {z.raw(), gradient}, [&]<class Row>(const RowLaunch& launch) {
      const Tensor parts = parts_of(launch.grid, z.device());
      allow_shared_memory(S4L_KNS::softmax_entropy_rows<Row>, launch.shared);
      S4L_LAUNCH(S4L_KNS::softmax_entropy_rows<Row>, launch.grid.blocks, launch.grid.threads, launch.shared,
                 stream_of(z), z.data<T>(), hard ? labels.data<std::int32_t>() : nullptr,
                 labels && !hard ? labels.data<T>() : nullptr, weights, n, static_cast<int>(k), launch.kept,
                 cross_entropy.data<T>(), entropy.data<T>(), hit.data<T>(), gradient, parts.data<double>());
      add_up<T>(parts, loss);
    });
  });
}

}  // namespace s4l::cuda
