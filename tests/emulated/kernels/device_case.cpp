#include "device_case.h"

#include <catch2/catch.hpp>
#include <cstring>

#include "s4l/core/autograd.h"
#include "s4l/core/ops/cast.h"
#include "s4l/kernels/cuda/launch.cuh"
#include "s4l/kernels/emulated/executor.h"
#include "s4l/tests/support/near.h"

namespace s4l::test {
namespace {

#if defined(__SANITIZE_THREAD__)
constexpr bool kRaces = true;
#elif defined(__has_feature)
constexpr bool kRaces = __has_feature(thread_sanitizer);
#else
constexpr bool kRaces = false;
#endif

constexpr Device kDevice{Device::Kind::cuda, 0};

/// How launches run while it lives.
struct Running {
  Running(emulated::Order order, std::uint64_t seed, const cuda::LaunchLimits& limits) {
    emulated::options().order = order;
    emulated::options().seed = seed;
    cuda::launch_limits = limits;
  }
  ~Running() {
    emulated::options() = {};
    cuda::launch_limits = {};
  }
};

bool is_floating(const Tensor& x) {
  return x.dtype() != DType::i32 && x.dtype() != DType::i64 && x.dtype() != DType::u8;
}

Tensor in_type(const Tensor& x, DType type) { return x && x.dtype() == DType::f64 ? cast(x, type) : x; }

bool is_activation(const DeviceCase& c, std::size_t i) { return c.activation.empty() || c.activation[i]; }

DType type_of(const DeviceCase& c, std::size_t i, DType type) {
  const bool small = type == DType::bf16 || type == DType::f16;
  return small && !is_activation(c, i) ? DType::f32 : type;
}

/// The inputs in `type`: the CPU's numbers are the same.
std::vector<Tensor> inputs_in(const DeviceCase& c, DType type) {
  std::vector<Tensor> all;
  for (std::size_t i = 0; i < c.inputs.size(); ++i) all.push_back(in_type(c.inputs[i], type_of(c, i, type)));
  return all;
}

/// Results, then gradients of floating inputs.
std::vector<Tensor> evaluate(const DeviceCase& c, const std::vector<Tensor>& inputs, const Tensor& weights) {
  std::vector<Tensor> leaves;
  for (const Tensor& x : inputs) {
    leaves.push_back(x && is_floating(x) ? x.detach().set_requires_grad(true) : x);
  }
  std::vector<Tensor> results = c.forward(leaves);
  if (results[0].requires_grad() && results[0].numel() > 0) {
    const Tensor loss = full({}, 0, DType::f32, results[0].device());
    const Tensor w = to(cast(weights, results[0].dtype()), results[0].device());
    backward(record("project", loss, {results[0]}, [w](const Tensor&, Needs) { return Grads{w}; }));
    for (const Tensor& x : leaves)
      if (x && x.grad()) results.push_back(x.grad());
  }
  return results;
}

std::vector<Tensor> on_device(const DeviceCase& c, const std::vector<Tensor>& inputs, const Tensor& weights) {
  std::vector<Tensor> there;
  for (const Tensor& x : inputs) there.push_back(x ? to(x, kDevice) : x);
  std::vector<Tensor> results;
  for (const Tensor& y : evaluate(c, there, weights)) results.push_back(to(y, kCpu));
  return results;
}

double error_of(const Tensor& y, const Tensor& exact) {
  if (!is_floating(y)) return std::memcmp(y.raw(), exact.raw(), y.bytes()) == 0 ? 0 : 1;
  return relative_error(cast(y, DType::f64), cast(exact, DType::f64));
}

double rounding_of(DType type) {
  switch (type) {
    case DType::f64:
      return 1e-13;
    case DType::bf16:
      return 3e-3;
    case DType::f16:
      return 4e-4;
    default:
      return 1e-6;
  }
}

struct Schedule {
  emulated::Order order;
  std::uint64_t seed;
};

std::vector<Schedule> schedules(bool all) {
  using emulated::Order;
  std::vector<Schedule> some = {{Order::natural, 0}, {Order::reversed, 0}};
  for (std::uint64_t seed = 1; seed <= (all ? 4u : 1u); ++seed) {
    some.push_back({Order::random, seed});
    some.push_back({Order::priority, seed});
  }
  return some;
}

void check_runs(const DeviceCase& c, DType type, const cuda::LaunchLimits& limits, bool all_schedules) {
  const std::vector<Tensor> inputs = inputs_in(c, type);
  std::vector<Tensor> same_numbers;
  for (const Tensor& x : inputs) same_numbers.push_back(c.f64 && x && is_floating(x) ? cast(x, DType::f64) : x);
  const Shape shape = c.forward(same_numbers)[0].shape();
  const Tensor weights = in_type(random_tensor(shape, DType::f64, 77), type);
  const std::vector<Tensor> exact = evaluate(c, same_numbers, c.f64 ? cast(weights, DType::f64) : weights);
  std::vector<Tensor> first;
  for (const Schedule& schedule : schedules(all_schedules)) {
    INFO(c.name << " in " << name_of(type) << ", blocks of at most " << limits.threads << ", order "
                << static_cast<int>(schedule.order) << " " << schedule.seed);
    const Running running(schedule.order, schedule.seed, limits);
    const std::vector<Tensor> results = on_device(c, inputs, weights);
    REQUIRE(results.size() == exact.size());
    for (std::size_t i = 0; i < results.size(); ++i) {
      INFO("result " << i);
      if (first.size() == results.size())
        REQUIRE(std::memcmp(results[i].raw(), first[i].raw(), results[i].bytes()) == 0);
      else
        CHECK(error_of(results[i], exact[i]) <= c.tolerance * rounding_of(results[i].dtype()));
    }
    first = results;
  }
}

}  // namespace

void check_on_device(const DeviceCase& c) {
  for (const DType type : c.types) {
    if (!kRaces) check_runs(c, type, {}, true);
    check_runs(c, type, {.threads = 64, .blocks = 3}, false);
  }
}

}  // namespace s4l::test
