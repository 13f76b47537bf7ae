// What each of CUDA's collectives means, lane by lane, under several schedules.
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>

#include "buffer.h"
#include "s4l/core/dtype.h"
#include "s4l/core/rng.h"
#include "s4l/kernels/cuda/portable.h"

namespace {

namespace emulated = s4l::emulated;

constexpr unsigned kAll = 0xffffffffu;

/// Runs `test` under natural, reversed, random and priority schedules.
void each_schedule(const std::function<void()>& test) {
  for (const auto order :
       {emulated::Order::natural, emulated::Order::reversed, emulated::Order::random, emulated::Order::priority}) {
    emulated::options().order = order;
    emulated::options().seed = 7;
    test();
  }
  emulated::options() = {};
}

constexpr int kRows = 16;

__global__ void collectives(int* y) {
  const int lane = static_cast<int>(threadIdx.x);
  const auto put = [&](int row, int value) { y[row * 32 + lane] = value; };
  put(0, __shfl_sync(kAll, lane, 5));
  put(1, __shfl_up_sync(kAll, lane, 3));
  put(2, __shfl_down_sync(kAll, lane, 3));
  put(3, __shfl_xor_sync(kAll, lane, 7));
  put(4, __shfl_down_sync(kAll, lane, 2, 8));
  put(5, static_cast<int>(__ballot_sync(kAll, lane % 3 == 0)));
  put(6, __any_sync(kAll, lane == 31));
  put(7, __all_sync(kAll, lane >= 0));
  put(8, static_cast<int>(__match_any_sync(kAll, lane % 4)));
  put(9, __reduce_add_sync(kAll, lane - 20));
  put(10, __reduce_min_sync(kAll, lane - 20));
  put(11, __reduce_max_sync(kAll, lane - 20));
  put(12, static_cast<int>(__reduce_or_sync(kAll, 1u << lane)));
  put(13, __syncthreads_count(lane < 10));
  put(14, __syncthreads_and(lane < 31));
  put(15, __syncthreads_or(lane == 4));
}

int expected(int row, int lane) {
  switch (row) {
    case 0:
      return 5;
    case 1:
      return lane < 3 ? lane : lane - 3;
    case 2:
      return lane + 3 > 31 ? lane : lane + 3;
    case 3:
      return lane ^ 7;
    case 4:
      return lane % 8 + 2 > 7 ? lane : lane + 2;
    case 5:
      return std::bit_cast<int>(0x49249249u);
    case 8:
      return std::bit_cast<int>(0x11111111u << lane % 4);
    case 9:
      return 496 - 32 * 20;
    case 10:
      return -20;
    case 11:
      return 11;
    case 12:
      return -1;
    case 13:
      return 10;
    case 14:
      return 0;
    default:
      return 1;
  }
}

__global__ void halves(float* y) {
  const int lane = static_cast<int>(threadIdx.x);
  const unsigned mine = lane < 16 ? 0x0000ffffu : 0xffff0000u;
  float value = static_cast<float>(lane);
  for (int step = 8; step > 0; step /= 2) value += __shfl_xor_sync(mine, value, step);
  y[lane] = value;
}

__global__ void atomics(int* y, unsigned* wrapped) {
  atomicAdd(&y[0], 1);
  atomicMax(&y[1], static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x));
  atomicMin(&y[2], static_cast<int>(threadIdx.x));
  atomicInc(wrapped, 9);
}

/// y = sum over the tiles of x, tile after tile through two buffers.
__global__ void pipelined(const float* x, float* y, int tiles) {
  S4L_SHARED(float4, buffer, [2][32]);
  const int lane = static_cast<int>(threadIdx.x);
  const auto* from = reinterpret_cast<const float4*>(x);
  copy16_async(&buffer[0][lane], &from[lane]);
  commit_copies();
  float sum = 0;
  for (int tile = 0; tile < tiles; ++tile) {
    if (tile + 1 < tiles) copy16_async(&buffer[(tile + 1) % 2][lane], &from[(tile + 1) * 32 + lane]);
    commit_copies();
    wait_copies<1>();
    __syncthreads();
    const float4 four = buffer[tile % 2][31 - lane];
    sum += four.x + four.y + four.z + four.w;
    __syncthreads();
  }
  y[lane] = sum;
}

__global__ void product(const unsigned* a, const unsigned* b, float* c) {
  const unsigned lane = threadIdx.x;
  unsigned ra[4], rb[2];
  float rc[4] = {0, 0, 0, 0};
  for (unsigned i = 0; i < 4; ++i) ra[i] = a[4 * lane + i];
  for (unsigned i = 0; i < 2; ++i) rb[i] = b[2 * lane + i];
  mma_bf16_16x8x16(rc, ra, rb);
  for (unsigned i = 0; i < 4; ++i) c[4 * lane + i] = rc[i];
}

unsigned pair(float low, float high) { return s4l::bf16(low).bits | static_cast<unsigned>(s4l::bf16(high).bits) << 16; }

}  // namespace

TEST_CASE("collectives give every lane what CUDA gives it") {
  each_schedule([] {
    const Buffer<int> y(std::size_t{kRows * 32});
    S4L_LAUNCH(collectives, dim3(1), dim3(32), 0, nullptr, y.data());
    const std::vector<int> got = y.host();
    for (int row = 0; row < kRows; ++row)
      for (int lane = 0; lane < 32; ++lane) {
        INFO("row " << row << ", lane " << lane);
        CHECK(got[static_cast<std::size_t>(row * 32 + lane)] == expected(row, lane));
      }
  });
}

TEST_CASE("two halves of a warp go their own ways") {
  each_schedule([] {
    const Buffer<float> y(std::size_t{32});
    S4L_LAUNCH(halves, dim3(1), dim3(32), 0, nullptr, y.data());
    for (std::size_t lane = 0; lane < 32; ++lane) CHECK(y.host()[lane] == (lane < 16 ? 120.0f : 376.0f));
  });
}

TEST_CASE("atomics count every thread of every block") {
  each_schedule([] {
    const Buffer<int> y(std::vector<int>{0, -1, 1000});
    const Buffer<unsigned> wrapped(std::vector<unsigned>{0});
    S4L_LAUNCH(atomics, dim3(3), dim3(50), 0, nullptr, y.data(), wrapped.data());
    CHECK(y.host() == std::vector<int>{150, 149, 0});
    CHECK(wrapped.host()[0] == 0);  // 150 counts of 0 to 9
  });
}

TEST_CASE("asynchronous copies arrive when they are waited for, early or late") {
  each_schedule([] {
    constexpr int kTiles = 5;
    std::vector<float> x(kTiles * 128);
    std::vector<float> sums(32);
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = static_cast<float>(i % 97);
      sums[31 - i / 4 % 32] += x[i];
    }
    const Buffer<float> from(x), y(std::size_t{32});
    S4L_LAUNCH(pipelined, dim3(1), dim3(32), 0, nullptr, from.data(), y.data(), kTiles);
    CHECK(y.host() == sums);
  });
}

TEST_CASE("a tensor-core tile is the product of its matrices") {
  s4l::Rng rng(1, s4l::Purpose::test);
  float a[16][16], b[16][8];
  for (auto& row : a)
    for (float& v : row) v = static_cast<float>(s4l::bf16(rng.normal()));
  for (auto& row : b)
    for (float& v : row) v = static_cast<float>(s4l::bf16(rng.normal()));
  std::vector<unsigned> ra, rb;
  for (int lane = 0; lane < 32; ++lane) {  // as the PTX manual draws the fragments of m16n8k16
    const int g = lane / 4, q = 2 * (lane % 4);
    ra.insert(ra.end(), {pair(a[g][q], a[g][q + 1]), pair(a[g + 8][q], a[g + 8][q + 1]), pair(a[g][q + 8], a[g][q + 9]),
                         pair(a[g + 8][q + 8], a[g + 8][q + 9])});
    rb.insert(rb.end(), {pair(b[q][g], b[q + 1][g]), pair(b[q + 8][g], b[q + 9][g])});
  }
  const Buffer<unsigned> da(ra), db(rb);
  const Buffer<float> dc(std::size_t{128});
  S4L_LAUNCH(product, dim3(1), dim3(32), 0, nullptr, da.data(), db.data(), dc.data());
  const std::vector<float> c = dc.host();
  for (int lane = 0; lane < 32; ++lane)
    for (int i = 0; i < 4; ++i) {
      const int row = lane / 4 + 8 * (i / 2), column = 2 * (lane % 4) + i % 2;
      double sum = 0;
      for (int k = 0; k < 16; ++k) sum += static_cast<double>(a[row][k]) * static_cast<double>(b[k][column]);
      CHECK(c[static_cast<std::size_t>(4 * lane + i)] == Approx(sum).margin(1e-6));
    }
}
