#pragma once
// Rows that a team of threads reads from memory once and looks at as often as it needs to: short ones stay in
// registers, long ones in shared memory as far as they fit (the rest is read again, mostly from the L2 cache). A thread
// sees the same elements every time, so looking needs no barrier.
#include "s4l/kernels/cuda/launch.cuh"
#include "s4l/kernels/cuda/number.cuh"
#include "s4l/kernels/cuda/reduce.cuh"
#include "s4l/kernels/cuda/shared_memory.h"

namespace s4l::S4L_KNS {

/// kWidth neighbouring lanes of a warp work on a row.
template <int kWidth>
struct WarpTeam {
  __device__ __forceinline__ static int rank() { return static_cast<int>(threadIdx.x) % kWidth; }
  __device__ __forceinline__ static int size() { return kWidth; }
  /// How many rows a block works on at a time, and which of them the calling thread does.
  __device__ __forceinline__ static int rows() { return static_cast<int>(blockDim.x) / kWidth; }
  __device__ __forceinline__ static int row() { return static_cast<int>(threadIdx.x) / kWidth; }

  template <class Op, int N, class T>
  __device__ __forceinline__ static void reduce(T (&values)[N]) {
#pragma unroll
    for (int i = 0; i < N; ++i) values[i] = warp_reduce<Op>(values[i], kWidth);
  }
};

/// A block works on a row.
struct BlockTeam {
  __device__ __forceinline__ static int rank() { return static_cast<int>(threadIdx.x); }
  __device__ __forceinline__ static int rows() { return 1; }
  __device__ __forceinline__ static int row() { return 0; }

  template <class Op, int N, class T>
  __device__ __forceinline__ static void reduce(T (&values)[N]) {
    block_reduce<Op>(values);
  }
};

/// Which row the calling thread's team works on next, of rows [0, n). All teams of a block go round equally often, for
/// the sake of what they do together: one that has none left does the last again, and `counts` is false.
template <class Team>
struct Turn {
  std::int64_t first, row;
  bool counts;
  __device__ __forceinline__ static Turn at(std::int64_t first, std::int64_t n) {
    const std::int64_t row = first + Team::row();
    return {first, row < n ? row : n - 1, row < n};
  }
  __device__ __forceinline__ static Turn begin(std::int64_t n) {
    return at(static_cast<std::int64_t>(blockIdx.x) * Team::rows(), n);
  }
  __device__ __forceinline__ Turn next(std::int64_t n) const {
    return at(first + static_cast<std::int64_t>(gridDim.x) * Team::rows(), n);
  }
};

/// kEach numbers of a row in each thread's registers, V neighbours at a time.
template <class T_, int kWidth, int kEach, int V>
class RegisterRow {
 public:
  using T = T_;
  using Team = WarpTeam<kWidth>;
  /// Of a block at most, and blocks that a processor should hold: one by one, addresses take registers.
  static constexpr int kThreads = 128, kBlocks = V == 1 ? 2 : 4;

  /// The n elements at `from`. (What a row in shared memory has to know besides is of no use here.)
  __device__ __forceinline__ RegisterRow(const T* from, std::int64_t n, int /*kept*/, int /*slot*/)
      : n_(static_cast<int>(n)) {
#pragma unroll
    for (int j = 0; j < kEach; j += V) {
      if (place(j) >= n_) continue;
      Number<T> run[V];
      load(from + place(j), run);
#pragma unroll
      for (int v = 0; v < V; ++v) values_[j + v] = run[v];
    }
  }

  /// look(i, x_i) for the calling thread's elements, with those of other rows behind.
  template <class Look, class... Rows>
  __device__ __forceinline__ void each(const Look& look, const Rows&... others) const {
#pragma unroll
    for (int j = 0; j < kEach; ++j)
      if (place(j) < n_) look(place(j), values_[j], others.values_[j]...);
  }
  /// to_i = value(i, x_i), likewise.
  template <class Value, class... Rows>
  __device__ __forceinline__ void write(T* to, const Value& value, const Rows&... others) const {
#pragma unroll
    for (int j = 0; j < kEach; j += V) {
      if (place(j) >= n_) continue;
      Number<T> run[V];
#pragma unroll
      for (int v = 0; v < V; ++v) run[v] = value(place(j + v), values_[j + v], others.values_[j + v]...);
      store(run, to + place(j));
    }
  }

 private:
  __device__ __forceinline__ static int place(int j) { return (j / V * kWidth + Team::rank()) * V + j % V; }

  int n_;
  Number<T> values_[kEach];
};

/// A row of any length, its first `kept` elements in the block's dynamic shared memory, V neighbours at a time.
template <class T_, int V>
class SharedRow {
 public:
  using T = T_;
  using Team = BlockTeam;
  static constexpr int kThreads = 1024, kBlocks = 1;

  /// `slot`: which of the kernel's rows it is.
  __device__ __forceinline__ SharedRow(const T* from, std::int64_t n, int kept, int slot)
      : from_(from), n_(n), kept_(kept) {
    S4L_DYN_SHARED(T, memory);
    row_ = memory + static_cast<std::int64_t>(slot) * kept;
    const std::int64_t end = kept < n ? kept : n;
    for (std::int64_t i = first(); i < end; i += step()) store_pack<V>(load_pack<V>(from + i), row_ + i);
  }

  template <class Look, class... Rows>
  __device__ __forceinline__ void each(const Look& look, const Rows&... others) const {
    for (std::int64_t i = first(); i < n_; i += step())
      with_runs(
          [&](const auto&... runs) {
#pragma unroll
            for (int v = 0; v < V; ++v) look(i + v, runs.at[v]...);
          },
          run(i), others.run(i)...);
  }
  template <class Value, class... Rows>
  __device__ __forceinline__ void write(T* to, const Value& value, const Rows&... others) const {
    for (std::int64_t i = first(); i < n_; i += step())
      with_runs(
          [&](const auto&... runs) {
            Number<T> result[V];
#pragma unroll
            for (int v = 0; v < V; ++v) result[v] = value(i + v, runs.at[v]...);
            store(result, to + i);
          },
          run(i), others.run(i)...);
  }

 private:
  struct Run {
    Number<T> at[V];
  };
  template <class Body, class... Runs>
  __device__ __forceinline__ static void with_runs(const Body& body, const Runs&... runs) {
    body(runs...);
  }
  __device__ __forceinline__ Run run(std::int64_t i) const {
    Run values;
    load(i < kept_ ? row_ + i : from_ + i, values.at);
    return values;
  }
  __device__ __forceinline__ static std::int64_t first() { return std::int64_t{V} * threadIdx.x; }
  __device__ __forceinline__ static std::int64_t step() { return std::int64_t{V} * blockDim.x; }

  const T* from_;
  T* row_;
  std::int64_t n_;
  int kept_;
};

}  // namespace s4l::S4L_KNS

namespace s4l::cuda {

/// How a kernel of rows is launched.
struct RowLaunch {
  Grid grid;
  int kept;            ///< elements of each row in shared memory
  std::size_t shared;  ///< bytes of it
};

/// One thread for about four packs of a row's elements, one row a block.
template <class T>
RowLaunch block_launch(std::int64_t rows, std::int64_t n, int slots) {
  constexpr std::int64_t kPack = S4L_KNS::kVector<T>;
  const std::int64_t room = static_cast<std::int64_t>(shared_memory_limit() / sizeof(T)) / slots;
  const std::int64_t kept = std::min((n + kPack - 1) / kPack, room / kPack) * kPack;
  const std::int64_t warps = std::clamp<std::int64_t>(n / (4 * kPack * 32), 4, 32);
  return {grid_of_rows(rows, static_cast<int>(32 * warps)), static_cast<int>(kept),
          static_cast<std::size_t>(slots * kept) * sizeof(T)};
}
/// `width` threads for a row.
inline RowLaunch warp_launch(std::int64_t rows, int width) {
  const int threads = std::min(128, launch_limits.threads), together = threads / width;
  return {grid_of_rows((rows + together - 1) / together, threads), 0, 0};
}

/// Calls body.operator()<Row>(launch) with the kind of Row that suits `rows` rows of n elements, which start at
/// `pointers` (null: none). `slots`: how many rows a team keeps at a time. f64, which only tests use, has one kind.
template <class T, class Body>
void with_row(std::int64_t rows, std::int64_t n, int slots, std::initializer_list<const void*> pointers,
              const Body& body) {
  using namespace S4L_KNS;
  constexpr int kV = kVector<T>;
  if constexpr (std::is_same_v<T, double>) {
    body.template operator()<SharedRow<T, 1>>(block_launch<T>(rows, n, slots));
  } else {
    const bool vectors = in_vectors<T>(n, pointers);
    if (n <= 32)
      body.template operator()<RegisterRow<T, 4, 8, 1>>(warp_launch(rows, 4));
    else if (n <= 1024 && vectors)
      body.template operator()<RegisterRow<T, 32, 32, kV>>(warp_launch(rows, 32));
    else if (n <= 1024)
      body.template operator()<RegisterRow<T, 32, 32, 1>>(warp_launch(rows, 32));
    else if (vectors)
      body.template operator()<SharedRow<T, kV>>(block_launch<T>(rows, n, slots));
    else
      body.template operator()<SharedRow<T, 1>>(block_launch<T>(rows, n, slots));
  }
}

}  // namespace s4l::cuda
