// What cuDNN computes in one kernel with a convolution, or what plays it: against the ops one by one, in f64.
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <iostream>

#include "s4l/core/device/storage.h"
#include "s4l/core/error.h"
#include "s4l/core/ops/batch_norm.h"
#include "s4l/core/ops/conv2d.h"
#include "s4l/kernels/cuda/conv2d_plan.h"
#include "s4l/tests/kernels/device_case.h"

using namespace s4l;
using namespace s4l::cuda;
using namespace s4l::test;

namespace {

struct Layer {
  Shape x, w;
  Conv2dOptions options;

  Shape y() const { return conv2d(zeros(x, DType::f64), zeros(w, DType::f64), options).shape(); }
  std::int64_t channels() const { return x[3]; }
};
const Layer kLayers[] = {{{1, 1, 1, 8}, {8, 1, 1, 8}, {}},
                         {{3, 7, 5, 16}, {24, 3, 3, 16}, {1, 1}},
                         {{2, 9, 6, 40}, {8, 3, 3, 40}, {2, 1}},
                         {{5, 4, 3, 8}, {72, 1, 1, 8}, {2}}};

/// Numbers that f16 holds, here and on the device.
struct Given {
  std::vector<double> values;
  Tensor there;
  Shape shape;

  Given(const Shape& of, std::uint64_t seed, DType dtype = DType::f16, double scale = 1, double mean = 0) : shape(of) {
    for (const double value : normals(of.numel(), seed, scale)) values.push_back(value + mean);
    values = rounded_to(dtype, values);
    there = on_device(values, of, dtype);
  }
  Tensor f64() const { return from_values(values, shape); }
};

Tensor f32_on_device(std::int64_t channels) { return zeros({channels}, DType::f32, kCuda); }

void run(const Conv2dProblem& problem, const Conv2dOperands& operands) {
  const Stream stream = compute_stream(kCuda);
  const Conv2dPlan& plan = conv2d_plan(problem, operands, stream);
  const auto workspace = Storage::allocate(plan.workspace(), stream);
  plan.run(operands, workspace->memory(), stream);
}

/// As check_on_device(); a GPU that cuDNN has no plan for, as a B200 for three of the fusions, is told of.
void check_fused(const Conv2dProblem& problem, const std::function<std::vector<Tensor>()>& compute,
                 const std::vector<Wanted>& wanted) {
  INFO(to_text(problem));
  try {
    compute();
  } catch (const Error& error) {
    if (std::string(error.what()).find("expected a plan of cuDNN") == std::string::npos) throw;
    std::cout << "skipped: " << error.what() << '\n';
    return;
  }
  check_on_device(compute, wanted);
}

Conv2dProblem problem_of(const Layer& layer, Direction direction, Fusion fusion) {
  return {direction, DType::f16, false, layer.x, layer.w, layer.y(), layer.options, fusion};
}

/// relu(scale x + bias) in f64, rounded to f16.
Tensor activated(const Given& x, const Given& scale, const Given& bias) {
  std::vector<double> values;
  const std::size_t channels = scale.values.size();
  for (std::size_t i = 0; i < x.values.size(); ++i)
    values.push_back(std::max(0.0, scale.values[i % channels] * x.values[i] + bias.values[i % channels]));
  return from_values(rounded_to(DType::f16, values), x.shape);
}

/// The sum of each channel of `values`, and of their squares.
std::array<std::vector<double>, 2> sums_of(const std::vector<double>& values, std::int64_t channels) {
  std::array<std::vector<double>, 2> sums;
  for (auto& sum : sums) sum.resize(static_cast<std::size_t>(channels));
  for (std::size_t i = 0; i < values.size(); ++i) {
    sums[0][i % sums[0].size()] += values[i];
    sums[1][i % sums[0].size()] += values[i] * values[i];
  }
  return sums;
}

/// `values` as near as f16's rounding of numbers as large as the largest of them, or as `size`, lets them be.
Wanted near(std::vector<double> values, double size = 0) {
  for (const double value : values) size = std::max(size, std::abs(value));
  return {std::move(values), 0x1p-10, 0x1p-10 * size};
}

void check_statistics(const Layer& layer, Fusion fusion) {
  const Given x(layer.x, 1), w(layer.w, 2, DType::f16, 0.2), scale({layer.channels()}, 3),
      bias({layer.channels()}, 4, DType::f16, 1, 0.5);
  const Conv2dProblem problem = problem_of(layer, Direction::forward, fusion);
  const std::vector<double> y =
      values_of<double>(conv2d(activates(fusion) ? activated(x, scale, bias) : x.f64(), w.f64(), layer.options));
  const auto [sum, squares] = sums_of(y, problem.y[3]);
  const auto compute = [&] {
    const Tensor result = zeros(problem.y, DType::f16, kCuda), sums = f32_on_device(problem.y[3]),
                 of_squares = f32_on_device(problem.y[3]);
    FusionOperands fused{.sum = sums.raw(), .squares = of_squares.raw()};
    if (activates(fusion)) fused.scale = scale.there.raw(), fused.bias = bias.there.raw();
    run(problem, {x.there.raw(), w.there.raw(), result.raw(), fused});
    return std::vector<Tensor>{result, sums, of_squares};
  };
  check_fused(problem, compute, {near(y), near(sum), near(squares)});
}

}  // namespace

TEST_CASE("a convolution with statistics sums its results and their squares") {
  for (const Layer& layer : kLayers) check_statistics(layer, Fusion::statistics);
}

TEST_CASE("an activated convolution with statistics pads what was activated, with zeros") {
  for (const Layer& layer : kLayers) check_statistics(layer, Fusion::activation_statistics);
}

TEST_CASE("a weight gradient activates what the convolution read") {
  for (const Layer& layer : kLayers) {
    const Given x(layer.x, 1), gy(layer.y(), 2), scale({layer.channels()}, 3),
        bias({layer.channels()}, 4, DType::f16, 1, 0.5);
    const Conv2dProblem problem = problem_of(layer, Direction::backward_weight, Fusion::activation);
    const Tensor gw = zeros(layer.w, DType::f64);
    kernel::conv2d_backward_weight(activated(x, scale, bias), gy.f64(), layer.options, gw);
    const auto compute = [&] {
      const Tensor result = zeros(layer.w, DType::f16, kCuda);
      run(problem,
          {x.there.raw(), result.raw(), gy.there.raw(), {.scale = scale.there.raw(), .bias = bias.there.raw()}});
      return std::vector<Tensor>{result};
    };
    check_fused(problem, compute, {near(values_of<double>(gw))});
  }
}

TEST_CASE("a data gradient through ReLU and batch norm is what the ops make of it one by one") {
  for (const Layer& layer : kLayers) {
    const BatchNormOptions options{.relu = true};
    const Shape channels{layer.x[3]}, grouped{1, layer.x[3]};
    const Given x(layer.x, 1, DType::f16, 1.5, 0.3), w(layer.w, 2, DType::f16, 0.2), gy(layer.y(), 3),
        scale(channels, 4, DType::f32), bias(channels, 5, DType::f32);
    const Tensor none, mean = zeros(grouped, DType::f64), deviation = zeros(grouped, DType::f64),
                       passed = zeros(layer.x, DType::f64), gx = zeros(layer.x, DType::f64),
                       gnorm = zeros(layer.x, DType::f64), gscale = zeros(channels, DType::f64),
                       gbias = zeros(channels, DType::f64);
    kernel::batch_norm_statistics(x.f64(), options, mean, deviation, none, none);
    kernel::batch_norm_apply(x.f64(), mean, deviation, scale.f64(), bias.f64(), none, options, passed);
    kernel::conv2d_backward_data(gy.f64(), w.f64(), layer.options, gx);
    kernel::batch_norm_backward(x.f64(), mean, deviation, scale.f64(), bias.f64(), none, gx, options, true, none, gnorm,
                                gscale, gbias, none);
    std::vector<double> masked = values_of<double>(gx);
    const std::vector<double> passed_values = values_of<double>(passed);
    for (std::size_t i = 0; i < masked.size(); ++i)
      if (passed_values[i] == 0) masked[i] = 0;

    const Conv2dProblem problem = problem_of(layer, Direction::backward_data, Fusion::relu_norm);
    const Tensor mean_there = on_device(values_of<double>(mean), channels, DType::f32),
                 deviation_there = on_device(values_of<double>(deviation), channels, DType::f32);
    const auto compute = [&] {
      const Tensor result = zeros(layer.x, DType::f16, kCuda);
      std::vector<Tensor> sums;
      for (int i = 0; i < 5; ++i) sums.push_back(zeros(channels, DType::f32, kCuda));
      run(problem, {result.raw(),
                    w.there.raw(),
                    gy.there.raw(),
                    {.scale = scale.there.raw(),
                     .bias = bias.there.raw(),
                     .norm_x = x.there.raw(),
                     .mean = mean_there.raw(),
                     .deviation = deviation_there.raw(),
                     .gscale = sums[0].raw(),
                     .gbias = sums[1].raw(),
                     .times_gx = sums[2].raw(),
                     .times_norm_x = sums[3].raw(),
                     .plus = sums[4].raw()}});
      std::vector<double> whole = numbers(result);
      const auto times_gx = numbers(sums[2]), times_norm_x = numbers(sums[3]), plus = numbers(sums[4]);
      for (std::size_t i = 0; i < whole.size(); ++i) {
        const std::size_t c = i % plus.size();
        whole[i] = times_gx[c] * whole[i] + times_norm_x[c] * x.values[i] + plus[c];
      }
      return std::vector<Tensor>{result, sums[0], sums[1], from_values(whole, layer.x)};
    };
    check_fused(problem, compute,
                {near(masked), near(values_of<double>(gscale)), near(values_of<double>(gbias)),
                 near(values_of<double>(gnorm), 1)});
  }
}
