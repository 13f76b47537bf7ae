#include "s4l/core/ops/pool.h"

#include <catch2/catch.hpp>
#include <algorithm>
#include <cmath>

#include "s4l/core/autograd.h"
#include "s4l/tests/support/near.h"
#include "s4l/tests/support/op_case.h"

using namespace s4l;
using namespace s4l::test;

namespace {

std::vector<double> naive_max(const Tensor& input, const MaxPoolOptions& o) {
  const auto x = doubles(input);
  const Shape& in = input.shape();
  const std::int64_t rows = (in[1] + 2 * o.padding - o.kernel) / o.stride + 1;
  const std::int64_t columns = (in[2] + 2 * o.padding - o.kernel) / o.stride + 1;
  std::vector<double> y;
  for (std::int64_t n = 0; n < in[0]; ++n)
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < columns; ++j)
        for (std::int64_t c = 0; c < in[3]; ++c) {
          double best = -1e300;
          for (std::int64_t r = i * o.stride - o.padding; r < i * o.stride - o.padding + o.kernel; ++r)
            for (std::int64_t s = j * o.stride - o.padding; s < j * o.stride - o.padding + o.kernel; ++s) {
              const bool inside = 0 <= r && r < in[1] && 0 <= s && s < in[2];
              if (inside)
                best = std::max(best, x[static_cast<std::size_t>(((n * in[1] + r) * in[2] + s) * in[3] + c)]);
              else if (o.zero_padding)
                best = std::max(best, 0.0);
            }
          y.push_back(best);
        }
  return y;
}

void check_max_pool(Shape shape, const MaxPoolOptions& options) {
  check_op({.name = "max_pool2d " + to_text(shape),
            .inputs = {random_tensor(shape, DType::f64, 21)},
            .wants_grad = {},
            .forward = [=](const auto& in) { return max_pool2d(in[0], options); },
            .reference = [=](const auto& in) { return naive_max(in[0], options); }});
}

Tensor gradient_of_sum(const Tensor& y, const Tensor& x, double value) {
  const Tensor loss =
      record("sum", full({}, 0), {y}, [&, value](const Tensor&, Needs) { return Grads{full(y.shape(), value)}; });
  return grad(loss, std::vector<Tensor>{x})[0];
}

}  // namespace

TEST_CASE("max_pool2d takes the largest of each window, whatever the sizes") {
  check_max_pool({2, 7, 9, 33}, {});
  check_max_pool({1, 8, 8, 65}, {.zero_padding = false});
  check_max_pool({3, 5, 4, 1}, {.kernel = 2, .stride = 2, .padding = 0});
  check_max_pool({1, 6, 6, 31}, {.kernel = 3, .stride = 1, .padding = 2});
  check_max_pool({2, 9, 9, 3}, {.kernel = 2, .stride = 3, .padding = 1});
  check_max_pool({1, 16, 17, 2}, {.kernel = 15, .stride = 1, .padding = 14});
  check_max_pool({1, 1, 1, 1025}, {});
  check_max_pool({0, 5, 5, 3}, {});
}

TEST_CASE("padded places count as zero in max_pool2d, and their gradient is dropped") {
  Tensor x = full({1, 2, 2, 1}, -1);
  x.set_requires_grad(true);
  const Tensor zero = max_pool2d(x, {.kernel = 3, .stride = 2, .padding = 1});
  check_near(zero, {0}, 0, 0);
  check_near(gradient_of_sum(zero, x, 5), {0, 0, 0, 0}, 0, 0);
  const Tensor never = max_pool2d(x, {.kernel = 3, .stride = 2, .padding = 1, .zero_padding = false});
  check_near(never, {-1}, 0, 0);
  check_near(gradient_of_sum(never, x, 5), {5, 0, 0, 0}, 0, 0);
}

TEST_CASE("the first of equals takes the gradient of max_pool2d") {
  Tensor x = from_values(std::vector<float>{1, 2, 2, 2}, {1, 2, 2, 1});
  x.set_requires_grad(true);
  check_near(gradient_of_sum(max_pool2d(x, {.kernel = 2, .stride = 2, .padding = 0}), x, 1), {0, 1, 0, 0}, 0, 0);
}

TEST_CASE("a NaN goes through max_pool2d, and takes the gradient") {
  const float bad = std::nanf("");
  for (const bool first : {true, false}) {
    std::vector<float> values(4 * 20, 1);
    values[first ? 3 : 3 * 20 + 3] = bad;
    Tensor x = from_values(values, {1, 2, 2, 20});
    x.set_requires_grad(true);
    const Tensor y = max_pool2d(x, {.kernel = 2, .stride = 2, .padding = 0});
    const auto largest = doubles(y);
    for (std::size_t c = 0; c < 20; ++c) CHECK(std::isnan(largest[c]) == (c == 3));
    CHECK(doubles(gradient_of_sum(y, x, 1))[first ? 3 : 3 * 20 + 3] == 1);
  }
}

TEST_CASE("global_avg_pool is the mean over rows and columns") {
  for (const Shape& shape : {Shape{2, 3, 5, 33}, Shape{1, 7, 7, 130}, Shape{3, 1, 1, 1}, Shape{0, 4, 4, 8}})
    check_op({.name = "global_avg_pool " + to_text(shape),
              .inputs = {random_tensor(shape, DType::f64, 22)},
              .wants_grad = {},
              .forward = [](const auto& in) { return global_avg_pool(in[0]); },
              .reference =
                  [=](const auto& in) {
                    const auto x = doubles(in[0]);
                    const auto pixels = shape[1] * shape[2], channels = shape[3];
                    std::vector<double> y(static_cast<std::size_t>(shape[0] * channels));
                    for (std::int64_t i = 0; i < in[0].numel(); ++i)
                      y[static_cast<std::size_t>(i / (pixels * channels) * channels + i % channels)] +=
                          x[static_cast<std::size_t>(i)] / static_cast<double>(pixels);
                    return y;
                  }});
}

TEST_CASE("pools name what does not fit") {
  CHECK_THROWS_WITH(max_pool2d(zeros({2, 3}), {}), Catch::Contains("(2, 3)"));
  CHECK_THROWS_WITH(max_pool2d(zeros({1, 4, 4, 1}), {.kernel = 16}), Catch::Contains("16"));
  CHECK_THROWS_WITH(max_pool2d(zeros({1, 4, 4, 1}), {.padding = 3}), Catch::Contains("got 3"));
  CHECK_THROWS_WITH(max_pool2d(zeros({1, 2, 2, 1}), {.kernel = 5, .padding = 1}), Catch::Contains("(1, 2, 2, 1)"));
  CHECK_THROWS_WITH(global_avg_pool(zeros({2, 3})), Catch::Contains("(2, 3)"));
  CHECK_THROWS_WITH(global_avg_pool(zeros({2, 0, 3, 1})), Catch::Contains("(2, 0, 3, 1)"));
}
