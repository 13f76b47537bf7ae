#include "s4l/tests/kernels/device_case.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <utility>

#include "s4l/core/ops/view.h"
#include "s4l/core/rng.h"
#include "s4l/core/sanitizer.h"
#include "s4l/tests/kernels/results_file.h"
#include "s4l/tests/support/near.h"
#include "s4l/tests/support/op_case.h"
#ifdef S4L_EMULATED
#include "s4l/kernels/cuda/launch.cuh"
#endif

namespace s4l::test {
namespace {

std::vector<std::vector<double>> host(const std::vector<Tensor>& results) {
  std::vector<std::vector<double>> all;
  for (const Tensor& x : results) all.push_back(numbers(x));
  return all;
}

bool same_bits(const std::vector<std::vector<double>>& a, const std::vector<std::vector<double>>& b) {
  bool same = a.size() == b.size();
  for (std::size_t i = 0; same && i < a.size(); ++i)
    same = a[i].size() == b[i].size() &&
           (a[i].empty() || std::memcmp(a[i].data(), b[i].data(), a[i].size() * sizeof(double)) == 0);
  return same;
}

void check_values(const std::vector<std::vector<double>>& results, const std::vector<Wanted>& wanted) {
  REQUIRE(results.size() == wanted.size());
  for (std::size_t k = 0; k < wanted.size(); ++k) {
    REQUIRE(results[k].size() == wanted[k].values.size());
    for (std::size_t i = 0; i < wanted[k].values.size(); ++i)
      if (!is_near(results[k][i], wanted[k].values[i], wanted[k].rtol, wanted[k].atol)) {
        INFO("result " << k << ", element " << i << ": expected " << wanted[k].values[i] << ", got " << results[k][i]);
        REQUIRE(false);
      }
  }
  SUCCEED();
}

#ifdef S4L_EMULATED
struct Schedule {
  emulated::Order order;
  std::uint64_t seed;
};

std::vector<Schedule> schedules(int seeds) {
  std::vector<Schedule> all = {{emulated::Order::natural, 0}, {emulated::Order::reversed, 0}};
  for (std::uint64_t seed = 1; seed <= static_cast<std::uint64_t>(seeds); ++seed)
    for (const auto order : {emulated::Order::random, emulated::Order::priority}) all.push_back({order, seed});
  return all;
}

/// While one lives, launches are limited; then all is as it was, after a failure too.
struct Limited {
  explicit Limited(cuda::LaunchLimits limits) : before(std::exchange(cuda::launch_limits, limits)) {}
  ~Limited() {
    cuda::launch_limits = before;
    emulated::options() = {};
  }
  Limited(const Limited&) = delete;
  Limited& operator=(const Limited&) = delete;
  cuda::LaunchLimits before;
};

void check_schedules(const std::function<std::vector<Tensor>()>& compute, const std::vector<Wanted>& wanted,
                     cuda::LaunchLimits limits, int seeds) {
  const Limited limited(limits);
  std::vector<std::vector<double>> first;
  for (const Schedule& schedule : schedules(seeds)) {
    emulated::options().order = schedule.order;
    emulated::options().seed = schedule.seed;
    const auto results = host(compute());
    INFO("schedule " << static_cast<int>(schedule.order) << " with seed " << schedule.seed << ", blocks of at most "
                     << limits.threads << " threads");
    if (first.empty())
      check_values(first = results, wanted);
    else
      REQUIRE(same_bits(results, first));
  }
  emulated::options() = {};
  emulated::options().inexact = true;
  INFO("approximate intrinsics as inexact as a GPU's may be");
  check_values(host(compute()), wanted);
}
#endif

}  // namespace

bool watched_for_races() { return S4L_THREAD_SANITIZER; }

void check_on_device(const std::function<std::vector<Tensor>()>& given, const std::vector<Wanted>& wanted) {
  KernelsUnderTest kernels;
  std::string result_type;
  const auto compute = [&] {
    auto results = given();
    if (!results.empty()) result_type = name_of(results[0].dtype());
    return results;
  };
#ifdef S4L_EMULATED
  if (watched_for_races()) {
    check_schedules(compute, wanted, {.threads = 64, .blocks = 3}, 0);
  } else {
    check_schedules(compute, wanted, {}, 4);
    check_schedules(compute, wanted, {.threads = 64, .blocks = 2}, 1);
  }
#else
  check_values(host(compute()), wanted);
#endif
  exchange_results([&] { return host(compute()); }, wanted);
  kernels.mark_compared(result_type);
}

std::vector<double> numbers(const Tensor& x) {
  const auto all = [](const auto& values) {
    std::vector<double> result;
    for (const auto& value : values)
      if constexpr (std::is_arithmetic_v<std::decay_t<decltype(value)>>)
        result.push_back(static_cast<double>(value));
      else
        result.push_back(static_cast<double>(static_cast<float>(value)));
    return result;
  };
  if (x.dtype() == DType::i32) return all(values_of<std::int32_t>(x));
  if (x.dtype() == DType::i64) return all(values_of<std::int64_t>(x));
  return with_any_float(x.dtype(), [&]<class T>() { return all(values_of<T>(x)); });
}

Tensor on_device(const std::vector<double>& values, Shape shape, DType dtype) {
  return with_any_float(dtype, [&]<class T>() {
    std::vector<T> typed;
    for (const double value : values)
      if constexpr (std::is_same_v<T, double>)
        typed.push_back(value);
      else
        typed.push_back(T(static_cast<float>(value)));
    return from_values(typed, shape, kCuda);
  });
}

Tensor on_device_unaligned(const std::vector<double>& values, Shape shape, DType dtype) {
  std::vector<double> more(1);
  more.insert(more.end(), values.begin(), values.end());
  const auto n = static_cast<std::int64_t>(more.size());
  return reshape(rows(on_device(more, {n}, dtype), 1, n), shape);
}

std::vector<double> rounded_to(DType dtype, std::vector<double> values) {
  for (double& value : values) {
    const auto single = static_cast<float>(value);
    if (dtype == DType::f32) value = static_cast<double>(single);
    if (dtype == DType::bf16) value = static_cast<double>(static_cast<float>(bf16(single)));
    if (dtype == DType::f16) value = static_cast<double>(static_cast<float>(f16(single)));
  }
  return values;
}

std::vector<double> normals(std::int64_t n, std::uint64_t seed, double scale) {
  Rng rng(seed, Purpose::test);
  std::vector<double> values;
  for (std::int64_t i = 0; i < n; ++i) values.push_back(scale * static_cast<double>(rng.normal()));
  return values;
}

double rounding(DType dtype) {
  if (dtype == DType::f64) return 1e-12;
  if (dtype == DType::f32) return 4e-6;
  return dtype == DType::bf16 ? 0x1p-8 : 0x1p-11;
}

}  // namespace s4l::test
