#include "s4l/core/ops/pool.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "s4l/tests/kernels/device_op.h"
#include "s4l/tests/support/near.h"

using namespace s4l;
using namespace s4l::test;

namespace {

/// Few different numbers, so that windows have equals, with NaN and infinities if asked for.
Tensor pictures(const Shape& shape, bool odd) {
  Tensor x = random_tensor(shape, DType::f64, 5);
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    double& value = x.data<double>()[i];
    value = std::round(2 * value) - 1;
    if (odd && i % 17 == 3) value = i % 2 == 0 ? -INFINITY : INFINITY;
  }
  return x;
}

DeviceOp max_case(const Shape& shape, const MaxPoolOptions& options, bool odd = false) {
  return {.name = "max_pool2d " + to_text(shape), .inputs = {pictures(shape, odd)}, .forward = [=](const auto& in) {
            return std::vector<Tensor>{max_pool2d(in[0], options)};
          }};
}

}  // namespace

TEST_CASE("the kernels of max pooling choose and send back as the CPU does") {
  check_op_on_device(max_case({2, 9, 8, 16}, {}));
  check_op_on_device(max_case({1, 7, 5, 3}, {.kernel = 2, .stride = 2, .padding = 0}));
  check_op_on_device(max_case({3, 6, 5, 8}, {.kernel = 3, .stride = 1, .padding = 2, .zero_padding = false}));
  check_op_on_device(max_case({1, 33, 31, 1}, {.kernel = 5, .stride = 3, .padding = 1}));
  check_op_on_device(max_case({0, 4, 4, 8}, {}));
}

TEST_CASE("the kernel of max pooling lets infinities win or lose, and keeps a NaN") {
  const auto winners = [](Device device) {
    Tensor x = pictures({2, 5, 5, 4}, true);
    x.data<double>()[60] = std::nan("");
    std::vector<Tensor> y;
    for (const bool zeros : {false, true})
      y.push_back(max_pool2d(to(x, device), {.kernel = 3, .stride = 2, .padding = 1, .zero_padding = zeros}));
    return y;
  };
  const auto here = winners(kCpu), there = winners({Device::Kind::cuda, 0});
  for (std::size_t i = 0; i < here.size(); ++i) {
    const auto a = doubles(here[i]), b = doubles(there[i]);
    for (std::size_t k = 0; k < a.size(); ++k) CHECK((a[k] == b[k] || (std::isnan(a[k]) && std::isnan(b[k]))));
    CHECK(std::count_if(a.begin(), a.end(), [](double value) { return std::isnan(value); }) > 0);
  }
}

TEST_CASE("the kernels of global average pooling average all pixels") {
  for (const Shape& shape : {Shape{2, 1, 1, 8}, Shape{3, 7, 7, 33}, Shape{2, 40, 13, 16}, Shape{1, 31, 33, 1},
                             Shape{2, 8, 8, 264}, Shape{0, 4, 4, 8}})
    check_op_on_device({.name = "global_avg_pool " + to_text(shape),
                        .inputs = {random_tensor(shape, DType::f64, 6)},
                        .forward = [](const auto& in) { return std::vector<Tensor>{global_avg_pool(in[0])}; }});
}
