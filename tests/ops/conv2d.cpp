#include "s4l/core/ops/conv2d.h"

#include <hwy/highway.h>

#include <catch2/catch.hpp>

#include "s4l/core/ops/add.h"
#include "s4l/core/ops/view.h"
#include "s4l/kernels/cpu/conv2d/winograd.h"
#include "s4l/tests/support/near.h"
#include "s4l/tests/support/op_case.h"

using namespace s4l;
using namespace s4l::test;

namespace {

struct Layer {
  std::int64_t images, height, width, channels, outputs, kernel;
  Conv2dOptions options;
};

Shape shape_of_x(const Layer& l) { return {l.images, l.height, l.width, l.channels}; }
Shape shape_of_w(const Layer& l) { return {l.outputs, l.kernel, l.kernel, l.channels}; }

std::string name_of(const Layer& l) {
  return "x " + to_text(shape_of_x(l)) + ", w " + to_text(shape_of_w(l)) + ", stride " + to_text(l.options.stride) +
         ", padding " + to_text(l.options.padding);
}

std::vector<double> by_definition(const Layer& l, const std::vector<double>& x, const std::vector<double>& w) {
  const auto [stride, padding] = l.options;
  const std::int64_t out_height = (l.height + 2 * padding - l.kernel) / stride + 1,
                     out_width = (l.width + 2 * padding - l.kernel) / stride + 1;
  std::vector<double> y;
  for (std::int64_t n = 0; n < l.images; ++n)
    for (std::int64_t i = 0; i < out_height; ++i)
      for (std::int64_t j = 0; j < out_width; ++j)
        for (std::int64_t o = 0; o < l.outputs; ++o) {
          double sum = 0;
          for (std::int64_t a = 0; a < l.kernel; ++a)
            for (std::int64_t b = 0; b < l.kernel; ++b)
              for (std::int64_t c = 0; c < l.channels; ++c) {
                const std::int64_t row = i * stride + a - padding, column = j * stride + b - padding;
                if (row < 0 || row >= l.height || column < 0 || column >= l.width) continue;
                sum += x[static_cast<std::size_t>(((n * l.height + row) * l.width + column) * l.channels + c)] *
                       w[static_cast<std::size_t>(((o * l.kernel + a) * l.kernel + b) * l.channels + c)];
              }
          y.push_back(sum);
        }
  return y;
}

void check_layer(const Layer& l) {
  INFO(name_of(l));
  check_op({.name = "conv2d",
            .inputs = {random_tensor(shape_of_x(l), DType::f64, 1), random_tensor(shape_of_w(l), DType::f64, 2)},
            .wants_grad = {},
            .forward = [&](const auto& in) { return conv2d(in[0], in[1], l.options); },
            .reference = [&](const auto& in) { return by_definition(l, doubles(in[0]), doubles(in[1])); },
            .tolerance = 5e-6});
}

/// y, gx and gw of random x, w and gy.
std::vector<Tensor> all_directions(const Layer& l, DType dtype) {
  const Tensor x = random_tensor(shape_of_x(l), dtype, 1), w = random_tensor(shape_of_w(l), dtype, 2);
  const Tensor y = conv2d(x, w, l.options), gy = random_tensor(y.shape(), dtype, 3);
  const Tensor gx = empty_like(x), gw = empty_like(w);
  kernel::conv2d_backward_data(gy, w, l.options, gx);
  kernel::conv2d_backward_weight(x, gy, l.options, gw);
  return {y, gx, gw};
}

/// f32 against f64, and against itself with other numbers of threads: for shapes too large for finite differences.
void compare_with_f64(const Layer& l) {
  INFO(name_of(l));
  const auto exact = all_directions(l, DType::f64), f32 = all_directions(l, DType::f32);
  for (std::size_t i = 0; i < 3; ++i) CHECK(relative_error(f32[i], exact[i]) <= 5e-6);
  const int before = num_threads();
  for (int threads : {1, 3}) {
    set_num_threads(threads);
    const auto again = all_directions(l, DType::f32);
    set_num_threads(before);
    for (std::size_t i = 0; i < 3; ++i) CHECK(values_of<float>(again[i]) == values_of<float>(f32[i]));
  }
}

}  // namespace

TEST_CASE("conv2d and its gradients follow the definition for every kernel, stride, padding and odd size") {
  for (const Layer& l : std::vector<Layer>{{3, 5, 7, 3, 4, 3, {1, 1}},
                                           {1, 7, 5, 17, 33, 3, {1, 1}},
                                           {3, 9, 9, 16, 16, 3, {2, 1}},
                                           {1, 8, 6, 4, 17, 3, {2, 0}},
                                           {3, 5, 5, 33, 3, 1, {1, 0}},
                                           {1, 7, 9, 16, 33, 1, {2, 0}},
                                           {1, 5, 4, 3, 4, 1, {2, 1}},
                                           {1, 15, 13, 3, 16, 7, {2, 3}},
                                           {1, 9, 11, 4, 3, 7, {1, 3}},
                                           {1, 3, 3, 1, 1, 3, {1, 3}},
                                           {3, 1, 1, 5, 2, 1, {1, 0}},
                                           {1, 1, 1, 2, 3, 1, {2, 1}},
                                           {1, 6, 7, 2, 3, 2, {3, 1}},
                                           {0, 5, 5, 3, 4, 3, {1, 1}},
                                           {1, 4, 4, 32, 32, 4, {1, 0}}})
    check_layer(l);
}

TEST_CASE("conv2d in f32 agrees with f64 where the work is divided into several blocks") {
  compare_with_f64({3, 31, 33, 32, 33, 3, {1, 1}});
  compare_with_f64({2, 9, 9, 160, 64, 3, {1, 1}});  // deeper than one block of columns
  compare_with_f64({3, 25, 25, 17, 64, 3, {2, 1}});
  compare_with_f64({2, 12, 12, 513, 40, 1, {1, 0}});  // rows long enough to be gathered
  compare_with_f64({2, 7, 7, 64, 300, 1, {1, 0}});    // tasks divide the output's columns
}

TEST_CASE("conv2d through Winograd's tiles agrees with f64 for every padding, cut tile and number of rounds") {
  for (const Layer& l : std::vector<Layer>{{3, 13, 9, 32, 48, 3, {1, 1}},
                                           {2, 17, 14, 48, 16, 3, {1, 0}},
                                           {2, 14, 14, 32, 64, 3, {1, 2}},
                                           {3, 12, 12, 32, 32, 3, {1, 3}},
                                           {24, 3, 3, 64, 80, 3, {1, 1}},
                                           {1, 20, 20, 272, 32, 3, {1, 1}},
                                           {8, 30, 30, 32, 32, 3, {1, 1}}}) {
    const std::int64_t shrink = 2 - 2 * l.options.padding;
    const cpu::Winograd shape{l.images,          l.height,          l.width,          l.channels,
                              l.options.padding, l.height - shrink, l.width - shrink, l.outputs};
    REQUIRE(shape.pays());
    compare_with_f64(l);
  }
  check_layer({3, 13, 9, 32, 48, 3, {1, 1}});
}

TEST_CASE("conv2d gives the same within rounding for every instruction set that this machine has") {
  const auto targets = hwy::SupportedAndGeneratedTargets();
  for (const std::int64_t target : targets) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    INFO(hwy::TargetName(target));
    compare_with_f64({2, 11, 9, 17, 35, 3, {1, 1}});
    compare_with_f64({2, 11, 9, 16, 32, 3, {2, 1}});
    compare_with_f64({3, 13, 9, 32, 48, 3, {1, 1}});
    compare_with_f64({2, 6, 5, 33, 20, 1, {1, 0}});
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  REQUIRE(targets.size() >= 2);
}

TEST_CASE("conv2d sees a weight that was updated in place, and one whose memory was used before") {
  const Layer l{1, 4, 4, 3, 5, 3, {1, 1}};
  const Tensor x = random_tensor(shape_of_x(l), DType::f32, 1);
  const auto check_with = [&](const Tensor& w) {
    check_near(conv2d(x, w, l.options), by_definition(l, doubles(x), doubles(w)), 1e-5, 1e-5);
  };
  for (std::uint64_t seed = 0; seed < 4; ++seed)  // freed in one round, the same memory comes back in the next
    check_with(random_tensor(shape_of_w(l), DType::f32, 10 + seed));
  const Tensor w = random_tensor(shape_of_w(l), DType::f32, 20);
  check_with(w);
  copy_(w, random_tensor(shape_of_w(l), DType::f32, 21));
  check_with(w);
}

TEST_CASE("conv2d computes no gradient that nobody asked for") {
  Tensor x = random_tensor({1, 4, 4, 3}, DType::f32, 1), w = random_tensor({2, 3, 3, 3}, DType::f32, 2);
  x.set_requires_grad(true);
  w.set_requires_grad(true);
  const Tensor y = conv2d(x, w, {1, 0});
  const Tensor loss =
      record("sum", full({}, 0), {y}, [shape = y.shape()](const Tensor&, Needs) { return Grads{full(shape, 1)}; });
  static int weight_gradients;
  weight_gradients = 0;
  const KernelObserver before = kernel_observer.load();
  kernel_observer = [](const char* kernel, const Tensor&) {
    weight_gradients += std::string(kernel) == "conv2d_backward_weight";
  };
  const Grads grads = grad(loss, std::vector<Tensor>{x});
  kernel_observer = before;
  REQUIRE(grads[0].shape() == x.shape());
  REQUIRE(weight_gradients == 0);
}

TEST_CASE("conv2d refuses shapes that do not fit and names them") {
  const Tensor x = zeros({1, 4, 4, 3});
  REQUIRE_THROWS_WITH(conv2d(x, zeros({2, 3, 3, 4})), Catch::Contains("channels") && Catch::Contains("(2, 3, 3, 4)"));
  REQUIRE_THROWS_WITH(conv2d(x, zeros({2, 5, 5, 3})), Catch::Contains("(2, 5, 5, 3)"));
  REQUIRE_THROWS_WITH(conv2d(reshape(x, {4, 4, 3}), zeros({2, 3, 3, 3})), Catch::Contains("(N, H, W, C)"));
  REQUIRE_THROWS_WITH(conv2d(x, zeros({2, 3, 3})), Catch::Contains("(O, kh, kw, C)"));
  REQUIRE_THROWS_WITH(conv2d(x, zeros({2, 3, 3, 3}), {0, 0}), Catch::Contains("stride"));
  REQUIRE_THROWS_WITH(conv2d(x, zeros({2, 3, 3, 3}, DType::f64)), Catch::Contains("f32 and f64"));
}
