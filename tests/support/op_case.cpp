#include "s4l/tests/support/op_case.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>

#include "s4l/tests/support/near.h"

namespace s4l::test {
namespace {

bool wants(const OpCase& op, std::size_t i) {
  if (!op.wants_grad.empty()) return op.wants_grad[i];
  return op.inputs[i] && op.inputs[i].dtype() == DType::f64;
}

Tensor as_type(const std::vector<double>& values, const Tensor& like) {
  if (like.dtype() == DType::f64) return from_values(values, like.shape(), like.device());
  return from_values(std::vector<float>(values.begin(), values.end()), like.shape(), like.device());
}

/// sum_i w_i y_i as a recorded scalar: a random projection of the output.
Tensor project(const Tensor& y, const Tensor& w) {
  double sum = 0;
  const auto a = doubles(y), b = doubles(w);
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return record("project", full({}, sum, y.dtype(), y.device()), {y}, [w](const Tensor& gy, Needs) {
    auto values = doubles(w);  // by hand: the kernel `scale` must not count as compared here
    for (double& value : values) value *= item(gy);
    return Grads{as_type(values, w)};
  });
}

Tensor as(const Tensor& x, DType dtype, Device device) {
  if (!x || x.dtype() != DType::f64) return x ? to(x, device) : x;
  if (dtype == DType::f64) return to(x, device).detach();
  const auto values = values_of<double>(x);
  return from_values(std::vector<float>(values.begin(), values.end()), x.shape(), device);
}

struct Result {
  Tensor y;
  std::vector<Tensor> grads;  // empty for inputs without one
};

Result evaluate(const OpCase& op, DType dtype, Device device) {
  std::vector<Tensor> inputs;
  for (std::size_t i = 0; i < op.inputs.size(); ++i) {
    inputs.push_back(as(op.inputs[i], dtype, device));
    if (wants(op, i)) inputs.back() = inputs.back().detach().set_requires_grad(true);
  }
  Result result{op.forward(inputs), {}};
  if (!result.y.requires_grad() || result.y.numel() == 0) return result;
  const Tensor w = random_tensor(result.y.shape(), result.y.dtype(), 77, 1, device);
  backward(project(result.y, w));
  for (const Tensor& x : inputs) result.grads.push_back(x ? x.grad() : Tensor());
  return result;
}

double projected(const OpCase& op, const std::vector<Tensor>& inputs, const Tensor& w) {
  const NoGrad no_grad;
  return item(project(op.forward(inputs), w));
}

/// Central differences along every element of small inputs, along random directions of large ones.
void check_gradient(const OpCase& op, const Result& exact) {
  const Tensor w = random_tensor(exact.y.shape(), DType::f64, 77);
  for (std::size_t i = 0; i < op.inputs.size(); ++i) {
    if (!wants(op, i) || op.inputs[i].numel() == 0) continue;
    REQUIRE(exact.grads[i]);
    const auto g = doubles(exact.grads[i]);
    const auto n = static_cast<std::size_t>(op.inputs[i].numel());
    double size = 0;
    for (double value : g) size += value * value;
    const double typical = std::sqrt(size / static_cast<double>(n));
    const bool small = n <= 64;
    for (std::size_t k = 0; k < (small ? n : 8); ++k) {
      Tensor direction = small ? zeros({static_cast<std::int64_t>(n)}, DType::f64)
                               : random_tensor({static_cast<std::int64_t>(n)}, DType::f64, 1000 + k);
      double* d = direction.data<double>();
      if (small) d[k] = 1;
      double along = 0;
      for (std::size_t j = 0; j < n; ++j) along += g[j] * d[j];
      const double h = 1e-5;
      std::vector<Tensor> inputs = op.inputs;
      const auto at = [&](double step) {
        auto x = doubles(op.inputs[i]);
        for (std::size_t j = 0; j < n; ++j) x[j] += step * d[j];
        inputs[i] = from_values(x, op.inputs[i].shape());
        return projected(op, inputs, w);
      };
      const double measured = (at(h) - at(-h)) / (2 * h);
      INFO(op.name << ": gradient of input " << i << ", direction " << k << ": measured " << measured << ", got "
                   << along);
      const double tolerance = 1e-5 * (std::abs(measured) + typical) + 1e-7;
      REQUIRE(std::abs(measured - along) <= tolerance);
    }
  }
}

bool same_bits(const Tensor& a, const Tensor& b) {
  if (!a || !b) return !a && !b;
  const auto x = doubles(a), y = doubles(b);
  return x.size() == y.size() && (x.empty() || std::memcmp(x.data(), y.data(), x.size() * sizeof(double)) == 0);
}

void check_same(const OpCase& op, const char* what, const Result& a, const Result& b) {
  INFO(op.name << ": " << what);
  REQUIRE(same_bits(a.y, b.y));
  REQUIRE(a.grads.size() == b.grads.size());
  for (std::size_t i = 0; i < a.grads.size(); ++i) REQUIRE(same_bits(a.grads[i], b.grads[i]));
}

void check_f32(const OpCase& op, const Result& exact, Device device) {
  const Result f32 = evaluate(op, DType::f32, device);
  INFO(op.name << " on " << to_text(device) << " in f32");
  if (op.f32_only && op.reference) check_near(f32.y, op.reference(op.inputs), op.tolerance, op.tolerance);
  if (!op.f32_only) CHECK(relative_error(f32.y, exact.y) <= op.tolerance);
  for (std::size_t i = 0; i < exact.grads.size(); ++i) {
    INFO("gradient of input " << i);
    if (exact.grads[i]) CHECK(relative_error(f32.grads[i], exact.grads[i]) <= op.tolerance);
  }
  check_same(op, "a second run must give the same bits", f32, evaluate(op, DType::f32, device));
  if (device != kCpu) return;
  const int before = num_threads();
  for (int threads : {1, 2, 3, 8}) {
    set_num_threads(threads);
    const Result again = evaluate(op, DType::f32, device);
    set_num_threads(before);
    check_same(op, "any number of threads must give the same bits", f32, again);
  }
}

}  // namespace

void check_op(const OpCase& op) {
  KernelsUnderTest kernels;
  Result exact;
  if (!op.f32_only) {
    exact = evaluate(op, DType::f64, kCpu);
    if (op.reference) check_near(exact.y, op.reference(op.inputs), 1e-10, 1e-12);
    if (!exact.grads.empty()) check_gradient(op, exact);
  }
  for (const Device& device : devices()) check_f32(op, exact, device);
  kernels.mark_compared();
}

}  // namespace s4l::test
