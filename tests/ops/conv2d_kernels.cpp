// The f32 bodies against the f64 reference on shapes that leave remainders everywhere, by each algorithm, and bit for
// bit on any number of threads. Which instruction set they run with is the test program's --target.
#include <catch2/catch.hpp>
#include <set>

#include "s4l/kernels/cpu/conv2d/algorithm.h"
#include "s4l/tests/ops/conv2d_layer.h"

using namespace s4l;
using namespace s4l::test;

namespace {

/// y, gx and gw of random x, w and gy.
std::vector<Tensor> all_directions(const Layer& l, DType dtype) {
  const Tensor x = random_tensor(shape_of_x(l), dtype, 1), w = random_tensor(shape_of_w(l), dtype, 2);
  const Tensor y = conv2d(x, w, l.options), gy = random_tensor(y.shape(), dtype, 3);
  const Tensor gx = empty_like(x), gw = empty_like(w);
  kernel::conv2d_backward_data(gy, w, l.options, gx);
  kernel::conv2d_backward_weight(x, gy, l.options, gw);
  return {y, gx, gw};
}

/// f32 against f64 by each algorithm, and against itself with other numbers of threads.
void compare_with_f64(const Layer& l) {
  INFO(name_of(l));
  const auto exact = all_directions(l, DType::f64);
  for (const cpu::Algorithm algorithm : {cpu::Algorithm::panels, cpu::Algorithm::winograd}) {
    INFO((algorithm == cpu::Algorithm::panels ? "panels" : "winograd"));
    const cpu::ForceAlgorithm forced(algorithm);
    const auto f32 = all_directions(l, DType::f32);
    for (std::size_t i = 0; i < 3; ++i) CHECK(relative_error(f32[i], exact[i]) <= 5e-6);
    const int before = num_threads();
    for (int threads : {1, 2, 3, 8}) {
      set_num_threads(threads);
      const auto again = all_directions(l, DType::f32);
      set_num_threads(before);
      for (std::size_t i = 0; i < 3; ++i) CHECK(values_of<float>(again[i]) == values_of<float>(f32[i]));
    }
  }
}

}  // namespace

TEST_CASE("conv2d in f32 agrees with f64 for awkward channels, pictures, kernels and strides") {
  constexpr std::int64_t kChannels[] = {1, 15, 16, 17, 31, 33}, kSizes[] = {1, 2, 3, 5, 8, 13, 17, 33};
  constexpr std::int64_t kKernels[] = {1, 3, 3, 7};
  constexpr int kStrides[] = {1, 1, 2, 2};
  std::set<std::pair<std::size_t, std::int64_t>> heights, widths;  // that each kernel met
  std::size_t pair = 0;
  for (const std::int64_t channels : kChannels)
    for (const std::int64_t outputs : kChannels) {
      for (std::size_t k = 0; k < 4; ++k) {
        const std::size_t row = pair + 3 * k, column = 3 * row + pair / 8;
        const std::int64_t height = kSizes[row % 8], width = kSizes[column % 8];
        const int padding = static_cast<int>(kKernels[k] / 2);
        compare_with_f64({1, height, width, channels, outputs, kKernels[k], {kStrides[k], padding}});
        heights.emplace(k, height);
        widths.emplace(k, width);
      }
      ++pair;
    }
  CHECK(heights.size() == 4 * 8);
  CHECK(widths.size() == 4 * 8);
}

TEST_CASE("conv2d in f32 agrees with f64 for dilation and groups") {
  compare_with_f64({2, 9, 11, 17, 33, 3, {1, 2, 2}});
  compare_with_f64({1, 17, 16, 16, 15, 3, {2, 3, 2}});
  compare_with_f64({1, 13, 13, 3, 31, 5, {3, 4, 2}});
  compare_with_f64({2, 9, 7, 34, 66, 3, {1, 1, 1, 2}});
  compare_with_f64({1, 8, 8, 33, 33, 3, {2, 1, 1, 33}});
  compare_with_f64({1, 12, 9, 48, 96, 1, {1, 0, 1, 3}});
  compare_with_f64({1, 15, 9, 32, 64, 3, {2, 2, 2, 4}});
}

TEST_CASE("conv2d in f32 agrees with f64 where windows see nothing, or no window sees a pixel") {
  compare_with_f64({2, 5, 6, 20, 24, 3, {2, 4}});
  compare_with_f64({1, 4, 9, 3, 17, 5, {1, 6}});
  compare_with_f64({1, 9, 8, 17, 20, 1, {2, 1}});
  compare_with_f64({2, 10, 11, 16, 33, 1, {3, 0}});
  compare_with_f64({2, 7, 9, 34, 66, 1, {2, 0, 1, 2}});
  compare_with_f64({1, 11, 8, 18, 16, 2, {5, 0}});
}

TEST_CASE("conv2d in f32 agrees with f64 where the work is divided into several blocks") {
  compare_with_f64({3, 31, 33, 32, 33, 3, {1, 1}});
  compare_with_f64({2, 9, 9, 160, 64, 3, {1, 1}});  // deeper than one block of columns
  compare_with_f64({3, 25, 25, 17, 64, 3, {2, 1}});
  compare_with_f64({1, 12, 12, 1025, 40, 1, {1, 0}});  // rows of the source fall into one cache set
  compare_with_f64({1, 6, 7, 512, 24, 3, {2, 1}});     // or do with the stride
  compare_with_f64({2, 7, 7, 64, 300, 1, {1, 0}});     // tasks divide the output's columns
  compare_with_f64({3, 16, 16, 160, 144, 1, {1, 0}});  // a weight gradient of several pieces, chunks and blocks
  compare_with_f64({3, 32, 32, 144, 160, 1, {2, 0}});  // and of rows that lie in line
  compare_with_f64({2, 31, 31, 64, 33, 1, {2, 0}});    // or do not from image to image
}

TEST_CASE("conv2d through Winograd's tiles agrees with f64 for every padding, cut tile and number of rounds") {
  compare_with_f64({3, 13, 9, 32, 48, 3, {1, 1}});
  compare_with_f64({2, 17, 14, 47, 79, 3, {1, 0}});
  compare_with_f64({2, 14, 14, 33, 80, 3, {1, 2}});
  compare_with_f64({3, 12, 12, 32, 65, 3, {1, 3}});
  compare_with_f64({24, 3, 3, 64, 80, 3, {1, 1}});
  compare_with_f64({1, 20, 20, 272, 32, 3, {1, 1}});
  compare_with_f64({8, 30, 30, 32, 32, 3, {1, 1}});
}

TEST_CASE("the table gives 3x3 convolutions of stride 1 to Winograd, everything else to panels") {
  const auto forward = [](const Layer& l) {
    const Tensor y = conv2d(zeros(shape_of_x(l)), zeros(shape_of_w(l)), l.options);
    return cpu::algorithm_of(cpu::Direction::forward, shape_of_x(l), shape_of_w(l), y.shape(), l.options);
  };
  REQUIRE(forward({8, 16, 16, 64, 64, 3, {1, 1}}) == cpu::Algorithm::winograd);
  REQUIRE(forward({8, 16, 16, 33, 65, 3, {1, 1}}) == cpu::Algorithm::winograd);
  REQUIRE(forward({8, 16, 16, 64, 64, 3, {2, 1}}) == cpu::Algorithm::panels);
  REQUIRE(forward({8, 16, 16, 64, 64, 3, {1, 2, 2}}) == cpu::Algorithm::panels);
  REQUIRE(forward({8, 16, 16, 64, 64, 3, {1, 1, 1, 2}}) == cpu::Algorithm::panels);
  REQUIRE(forward({8, 16, 16, 64, 64, 5, {1, 2}}) == cpu::Algorithm::panels);
  REQUIRE(forward({8, 16, 16, 3, 64, 3, {1, 1}}) == cpu::Algorithm::panels);
  REQUIRE(forward({1, 3, 3, 64, 64, 3, {1, 1}}) == cpu::Algorithm::panels);
  const cpu::ForceAlgorithm forced(cpu::Algorithm::winograd);
  REQUIRE(forward({1, 3, 3, 64, 64, 3, {1, 1}}) == cpu::Algorithm::winograd);
  REQUIRE(forward({8, 16, 16, 64, 64, 3, {2, 1}}) == cpu::Algorithm::panels);
}
