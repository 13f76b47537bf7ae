// Rows of a picture batch moved by a length; lengths are summed in double, so that tiny gradients do not underflow. The
// normals of the start are generated twice and never stored; a gradient is read once (row.cuh).
#include "s4l/core/ops/vat.h"

#include <cmath>

#include "s4l/kernels/cuda/distances.cuh"
#include "s4l/kernels/cuda/philox.cuh"
#include "s4l/kernels/cuda/row.cuh"
#include "s4l/kernels/formulas.h"

namespace s4l::S4L_KNS {
namespace {

/// A row's random words: four normals come of a block of Philox, whose last counter word says the row.
struct RowWords {
  std::uint32_t key[2], counter[4];

  __device__ __forceinline__ RowWords(const std::int32_t* random, std::int64_t row)
      : key{static_cast<std::uint32_t>(random[0]), static_cast<std::uint32_t>(random[1])},
        counter{static_cast<std::uint32_t>(random[2]), static_cast<std::uint32_t>(random[3]),
                static_cast<std::uint32_t>(random[4]),
                static_cast<std::uint32_t>(random[5]) + static_cast<std::uint32_t>(row) + 1} {}

  /// The words behind normals 4 block to 4 block + 3.
  __device__ __forceinline__ Philox operator()(std::int64_t block) const {
    return {counter[0] + static_cast<std::uint32_t>(block), counter[1], counter[2], counter[3], key[0], key[1]};
  }
};

__device__ __forceinline__ void normals_of(const Philox& words, float* normals) {
  const formula::normal_pair a(words.word[0], words.word[1]), b(words.word[2], words.word[3]);
  normals[0] = a.first;
  normals[1] = a.second;
  normals[2] = b.first;
  normals[3] = b.second;
}

/// The squared length of a row of `size` normals. That of a pair is -2 log u: whole blocks need no sines.
__device__ __forceinline__ double squared_length(const RowWords& words, std::int64_t size) {
  double squares = 0;
  for (std::int64_t block = threadIdx.x; block < size / 4; block += blockDim.x) {
    const Philox random = words(block);
    const float both =
        formula::normal_pair::radius_word(random.word[0]) * formula::normal_pair::radius_word(random.word[2]);
    squares -= 2 * static_cast<double>(std::log(both));
  }
  if (threadIdx.x == 0 && size % 4 != 0) {
    float normals[4];
    normals_of(words(size / 4), normals);
#pragma unroll
    for (int i = 0; i < 3; ++i)
      if (i < size % 4) squares += static_cast<double>(normals[i]) * static_cast<double>(normals[i]);
  }
  return block_sum(squares);
}

/// A block works on a row, a thread on kRun elements at a time.
template <class T>
__global__ void __launch_bounds__(512) vat_start_rows(const T* x, double xi, const std::int32_t* random, std::int64_t n,
                                                      std::int64_t size, bool vectors, T* y) {
  constexpr int kRun = kVector<T> < 4 ? 4 : kVector<T>;
  for (std::int64_t row = blockIdx.x; row < n; row += gridDim.x) {
    const RowWords words(random, row);
    const double squares = squared_length(words, size);
    const auto factor = static_cast<Number<T>>(squares > 0 ? xi / std::sqrt(squares) : 0.0);
    const T* from = x + row * size;
    T* to = y + row * size;
    for (std::int64_t i = std::int64_t{kRun} * threadIdx.x; i < size; i += std::int64_t{kRun} * blockDim.x) {
      float normals[kRun];
#pragma unroll
      for (int k = 0; k < kRun; k += 4) normals_of(words((i + k) / 4), normals + k);
      if (vectors && i + kRun <= size) {
        Number<T> values[kRun];
        load(from + i, values);
#pragma unroll
        for (int k = 0; k < kRun; ++k) values[k] += factor * static_cast<Number<T>>(normals[k]);
        store(values, to + i);
      } else {
#pragma unroll
        for (int k = 0; k < kRun; ++k)
          if (i + k < size) to[i + k] = rounded<T>(number(from[i + k]) + factor * static_cast<Number<T>>(normals[k]));
      }
    }
  }
}

/// A factor that may lie outside of f32, as two that do not.
template <class X>
struct SplitFactor {
  X first, second;
  __device__ __forceinline__ explicit SplitFactor(double factor) {
    int exponent = 0;
    std::frexp(factor, &exponent);
    first = static_cast<X>(std::ldexp(1.0, exponent / 2));
    second = static_cast<X>(std::ldexp(factor, -(exponent / 2)));
  }
  __device__ __forceinline__ X of(X x) const { return x * first * second; }
};

template <class Row, class T = typename Row::T>
__global__ void __launch_bounds__(Row::kThreads, Row::kBlocks)
    vat_step_rows(const T* x, const T* g, VatStepOptions options, const T* bound, std::int64_t n, std::int64_t size,
                  int kept, T* y, T* length) {
  using X = Number<T>;
  using Team = typename Row::Team;
  for (auto turn = Turn<Team>::begin(n); turn.first < n; turn = turn.next(n)) {
    const std::int64_t at = turn.row * size;
    const Row along(g + at, size, kept, 0);
    double squares[1] = {0};
    along.each([&](std::int64_t, X value) { squares[0] += static_cast<double>(value) * static_cast<double>(value); });
    Team::template reduce<Plus>(squares);
    const double norm = options.factor * std::sqrt(squares[0]), unit = std::fmax(norm, std::sqrt(options.floor));
    const double radius =
        bound == nullptr ? options.radius : std::fmin(options.radius, static_cast<double>(number(bound[turn.row])));
    const double scale = unit == 0 ? 0 : radius / unit;
    const SplitFactor<X> factor(scale * options.factor);
    if (!turn.counts) continue;
    const Row from(x + at, size, 0, 0);
    from.write(
        y + at, [&](std::int64_t, X value, X gradient) { return value + factor.of(gradient); }, along);
    if (Team::rank() == 0) length[turn.row] = rounded<T>(static_cast<X>(scale * norm));
  }
}

/// A warp works on a row of the matrix of squared distances.
template <class T, class X = Number<T>>
__global__ void half_nearest_rows(const X* squared, std::int64_t n, T* y) {
  using Team = WarpTeam<kWarp>;
  for (auto turn = Turn<Team>::begin(n); turn.first < n; turn = turn.next(n)) {
    X nearest[1] = {-INFINITY};  // the largest of their negatives
    for (std::int64_t other = Team::rank(); other < n; other += Team::size())
      if (other != turn.row) nearest[0] = std::fmax(nearest[0], -squared[turn.row * n + other]);
    Team::reduce<Larger>(nearest);
    if (turn.counts && Team::rank() == 0) y[turn.row] = rounded<T>(std::sqrt(-nearest[0]) / 2);
  }
}

}  // namespace
}  // namespace s4l::S4L_KNS

namespace s4l::cuda {
namespace {

std::int64_t row_size(const Tensor& x) { return x.shape()[0] == 0 ? 0 : x.numel() / x.shape()[0]; }

}  // namespace

void vat_start(const Tensor& x, double xi, const Tensor& random, const Tensor& y) {
  const std::int64_t n = x.shape()[0], size = row_size(x);
  with_any_float(x.dtype(), [&]<class T>() {
    const Grid grid = grid_of_rows(n, size <= 4096 ? 128 : 512);
    S4L_LAUNCH(S4L_KNS::vat_start_rows<T>, grid.blocks, grid.threads, 0, stream_of(x), x.data<T>(), xi,
               random.data<std::int32_t>(), n, size, in_vectors<T>(size, {x.raw(), y.raw()}), y.data<T>());
  });
}

void vat_step(const Tensor& x, const Tensor& g, const VatStepOptions& options, const Tensor& bound, const Tensor& y,
              const Tensor& length) {
  const std::int64_t n = x.shape()[0], size = row_size(x);
  with_any_float(x.dtype(), [&]<class T>() {
    with_row<T>(n, size, 1, {x.raw(), g.raw(), y.raw()}, [&]<class Row>(const RowLaunch& launch) {
      allow_shared_memory(S4L_KNS::vat_step_rows<Row>, launch.shared);
      S4L_LAUNCH(S4L_KNS::vat_step_rows<Row>, launch.grid.blocks, launch.grid.threads, launch.shared, stream_of(x),
                 x.data<T>(), g.data<T>(), options, data_or_null<T>(bound), n, size, launch.kept, y.data<T>(),
                 length.data<T>());
    });
  });
}

void half_nearest_distance(const Tensor& x, const Tensor& y) {
  const std::int64_t n = x.shape()[0];
  with_any_float(x.dtype(), [&]<class T>() {
    using X = S4L_KNS::Number<T>;
    const Tensor squared = squared_distances<T>(x, 1);
    const RowLaunch launch = warp_launch(n, S4L_KNS::kWarp);
    S4L_LAUNCH(S4L_KNS::half_nearest_rows<T>, launch.grid.blocks, launch.grid.threads, 0, stream_of(x),
               squared.data<X>(), n, y.data<T>());
  });
}

}  // namespace s4l::cuda
