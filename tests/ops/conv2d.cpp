#include "s4l/core/ops/conv2d.h"

#include <catch2/catch.hpp>

#include "s4l/core/ops/add.h"
#include "s4l/core/ops/view.h"
#include "s4l/tests/ops/conv2d_layer.h"
#include "s4l/tests/support/op_case.h"

using namespace s4l;
using namespace s4l::test;

namespace {

std::vector<double> by_definition(const Layer& l, const std::vector<double>& x, const std::vector<double>& w) {
  const auto [stride, padding, dilation, groups] = l.options;
  const std::int64_t out_height = (l.height + 2 * padding - dilation * (l.kernel - 1) - 1) / stride + 1,
                     out_width = (l.width + 2 * padding - dilation * (l.kernel - 1) - 1) / stride + 1;
  const std::int64_t depth = l.channels / groups;
  std::vector<double> y;
  for (std::int64_t n = 0; n < l.images; ++n)
    for (std::int64_t i = 0; i < out_height; ++i)
      for (std::int64_t j = 0; j < out_width; ++j)
        for (std::int64_t o = 0; o < l.outputs; ++o) {
          double sum = 0;
          for (std::int64_t a = 0; a < l.kernel; ++a)
            for (std::int64_t b = 0; b < l.kernel; ++b)
              for (std::int64_t c = 0; c < depth; ++c) {
                const std::int64_t row = i * stride + a * dilation - padding,
                                   column = j * stride + b * dilation - padding;
                if (row < 0 || row >= l.height || column < 0 || column >= l.width) continue;
                const std::int64_t channel = o / (l.outputs / groups) * depth + c;
                sum += x[static_cast<std::size_t>(((n * l.height + row) * l.width + column) * l.channels + channel)] *
                       w[static_cast<std::size_t>(((o * l.kernel + a) * l.kernel + b) * depth + c)];
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

}  // namespace

TEST_CASE(
    "conv2d and its gradients follow the definition for every kernel, stride, padding, dilation, groups and odd size") {
  for (const Layer& l : std::vector<Layer>{
           {3, 5, 7, 3, 4, 3, {1, 1}},       {1, 7, 5, 17, 33, 3, {1, 1}},     {3, 9, 9, 16, 16, 3, {2, 1}},
           {1, 8, 6, 4, 17, 3, {2, 0}},      {3, 5, 5, 33, 3, 1, {1, 0}},      {1, 7, 9, 16, 33, 1, {2, 0}},
           {1, 5, 4, 3, 4, 1, {2, 1}},       {1, 15, 13, 3, 16, 7, {2, 3}},    {1, 9, 11, 4, 3, 7, {1, 3}},
           {1, 3, 3, 1, 1, 3, {1, 3}},       {3, 1, 1, 5, 2, 1, {1, 0}},       {1, 1, 1, 2, 3, 1, {2, 1}},
           {1, 6, 7, 2, 3, 2, {3, 1}},       {0, 5, 5, 3, 4, 3, {1, 1}},       {1, 4, 4, 32, 32, 4, {1, 0}},
           {2, 7, 9, 3, 4, 3, {1, 2, 2}},    {1, 11, 8, 2, 3, 3, {2, 2, 2}},   {1, 11, 13, 2, 3, 3, {2, 3, 3}},
           {1, 13, 12, 2, 2, 2, {4, 1, 6}},  {2, 5, 6, 6, 9, 3, {1, 1, 1, 3}}, {1, 6, 5, 8, 8, 3, {2, 1, 1, 8}},
           {1, 7, 7, 4, 6, 3, {2, 2, 2, 2}}, {2, 4, 3, 6, 4, 1, {1, 0, 1, 2}}, {2, 5, 4, 2, 3, 3, {10, 1}},
           {2, 2, 3, 2, 3, 1, {20, 5}},      {1, 7, 6, 2, 3, 3, {4, 2, 2}},    {3, 2, 1, 4, 5, 1, {2, 0}}})
    check_layer(l);
}

TEST_CASE("a stride far beyond the picture costs no more than the picture") {
  check_layer({2, 8, 8, 2, 3, 3, {1 << 30, 1}});
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
  REQUIRE_THROWS_WITH(conv2d(x, zeros({2, 5, 5, 3})),
                      Catch::Contains("(1, 4, 4, 3)") && Catch::Contains("(2, 5, 5, 3)"));
  REQUIRE_THROWS_WITH(conv2d(x, zeros({2, 3, 3, 3}), {1, 0, 2}), Catch::Contains("dilation 2"));
  REQUIRE_THROWS_WITH(conv2d(x, zeros({2, 3, 3, 3}), {1, 0, 0}), Catch::Contains("dilation"));
  REQUIRE_THROWS_WITH(conv2d(x, zeros({3, 3, 3, 3}), {1, 0, 1, 3}), Catch::Contains("groups 3"));
  REQUIRE_THROWS_WITH(conv2d(x, zeros({2, 3, 3, 1}), {1, 0, 1, 3}),
                      Catch::Contains("3 groups") && Catch::Contains("(2, 3, 3, 1)"));
  REQUIRE_THROWS_WITH(conv2d(reshape(x, {4, 4, 3}), zeros({2, 3, 3, 3})), Catch::Contains("(N, H, W, C)"));
  REQUIRE_THROWS_WITH(conv2d(x, zeros({2, 3, 3})), Catch::Contains("(O, kh, kw, C / groups)"));
  REQUIRE_THROWS_WITH(conv2d(x, zeros({2, 3, 3, 3}), {0, 0}), Catch::Contains("stride"));
  REQUIRE_THROWS_WITH(conv2d(x, zeros({2, 3, 3, 3}, DType::f64)), Catch::Contains("f32 and f64"));
}
