// Numbers, reductions and the cutting of work that all kernels stand on.
#include "s4l/kernels/cuda/reduce.cuh"

#include <catch2/catch.hpp>
#include <cmath>

#include "buffer.h"
#include "s4l/core/ops/view.h"
#include "s4l/kernels/cuda/launch.cuh"

namespace s4l::S4L_KNS {
namespace {

/// Two sums and a maximum of each block's numbers, in a row, so that buffers are used again.
__global__ void sums(const float* x, float* y) {
  const float mine = x[blockIdx.x * blockDim.x + threadIdx.x];
  float both[2] = {mine, mine * mine};
  block_reduce<Plus>(both);
  const float largest = block_max(mine), again = block_sum(mine);
  float* to = y + 4 * blockIdx.x;
  if (threadIdx.x != blockDim.x - 1) return;
  to[0] = both[0];
  to[1] = both[1];
  to[2] = largest;
  to[3] = again;
}

__global__ void largest_of(const float* x, int n, float* value, int* place, int width) {
  Largest<float> mine;
  const int lane = static_cast<int>(threadIdx.x), part = lane / width;
  for (int i = lane % width; i < n; i += width) mine.see(x[part * n + i], i);
  mine = warp_largest(mine, width);
  value[lane] = mine.value;
  place[lane] = mine.place;
}

template <class T, int N>
__global__ void twice(const T* x, std::int64_t n, T* y) {
  for_runs<N>(n, [=](auto lanes, std::int64_t i) {
    Number<T> values[lanes.count];
    load(x + i, values);
    for (auto& value : values) value *= 2;
    store(values, y + i);
  });
}

template <class T>
void check_twice(std::int64_t n, int limit) {
  std::vector<T> from, wanted;
  for (std::int64_t i = 0; i < n; ++i) {
    from.push_back(T(static_cast<float>(i % 100)));
    wanted.push_back(T(static_cast<float>(2 * (i % 100))));
  }
  const Buffer<T> x(from), y(static_cast<std::size_t>(n));
  cuda::launch_limits = {limit, 2};
  const cuda::Grid grid = cuda::grid_of_items(n);
  cuda::launch_limits = {};
  constexpr int kN = kVector<T>;
  S4L_LAUNCH((twice<T, kN>), grid.blocks, grid.threads, 0, nullptr, x.data(), n, y.data());
  const auto got = y.host();
  for (std::size_t i = 0; i < got.size(); ++i) REQUIRE(static_cast<double>(number(got[i])) == number(wanted[i]));
}

}  // namespace
}  // namespace s4l::S4L_KNS

using namespace s4l;
using namespace s4l::S4L_KNS;

TEST_CASE("block reductions give every thread the same, one after another") {
  for (const int threads : {32, 64, 256, 1024}) {
    std::vector<float> x;
    for (int i = 0; i < 3 * threads; ++i) x.push_back(std::sin(static_cast<float>(i)));
    const Buffer<float> in(x), out(std::size_t{12});
    S4L_LAUNCH(sums, dim3(3), dim3(static_cast<unsigned>(threads)), 0, nullptr, in.data(), out.data());
    const auto y = out.host();
    for (int b = 0; b < 3; ++b) {
      double sum = 0, squares = 0;
      float largest = -1;
      for (int i = b * threads; i < (b + 1) * threads; ++i) {
        const float value = x[static_cast<std::size_t>(i)];
        sum += value;
        squares += value * value;
        largest = std::max(largest, value);
      }
      const auto at = static_cast<std::size_t>(4 * b);
      CHECK(y[at] == Approx(sum).margin(1e-4));
      CHECK(y[at + 1] == Approx(squares).margin(1e-4));
      CHECK(y[at + 2] == largest);
      CHECK(y[at + 3] == y[at]);
    }
  }
}

TEST_CASE("of equal numbers the first is the largest, and a NaN never is") {
  const float nan = std::nanf(""), inf = INFINITY;
  const std::vector<std::pair<std::vector<float>, int>> rows = {{{1, 3, 2, 3, 3}, 1},
                                                                {{-inf, -inf, -inf, -inf, -inf}, 0},
                                                                {{nan, 2, nan, 2, 1}, 1},
                                                                {{nan, nan, nan, nan, nan}, 0},
                                                                {{0, 0, 0, 0, inf}, 4}};
  for (const auto& [row, place] : rows)
    for (const int width : {32, 8, 1}) {
      std::vector<float> x;
      for (int part = 0; part < 32 / width; ++part) x.insert(x.end(), row.begin(), row.end());
      const Buffer<float> in(x), value(std::size_t{32});
      const Buffer<int> at(std::size_t{32});
      S4L_LAUNCH(largest_of, dim3(1), dim3(32), 0, nullptr, in.data(), 5, value.data(), at.data(), width);
      CHECK(at.host() == std::vector<int>(32, place));
    }
}

TEST_CASE("runs cover all items once, whatever their count and type") {
  for (const std::int64_t n : {0, 1, 3, 4, 7, 8, 9, 31, 32, 33, 1025})
    for (const int limit : {32, 1024}) {
      check_twice<float>(n, limit);
      check_twice<double>(n, limit);
      check_twice<bf16>(n, limit);
      check_twice<f16>(n, limit);
    }
}

TEST_CASE("rows are read in vectors where they start and end at 16 bytes") {
  const Tensor x = zeros({4, 8}), odd = rows(zeros({33}), 1, 33), none;
  CHECK(cuda::in_vectors<float>(x, {none, x}));
  CHECK(!cuda::in_vectors<float>(x, {odd}));
  CHECK(!cuda::in_vectors<float>(zeros({4, 7}), {}));
  CHECK(!cuda::in_vectors<bf16>(zeros({4, 4}), {}));
}
