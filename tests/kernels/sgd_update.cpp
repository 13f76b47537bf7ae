#include <catch2/catch.hpp>
#include <optional>

#include "s4l/core/ops/update.h"
#include "s4l/tests/kernels/device_case.h"

using namespace s4l;
using namespace s4l::test;

namespace {

struct Case {
  std::int64_t n;
  SgdUpdate update;
  bool average = true;
  DType dtype = DType::f32;
  bool aligned = true;
  std::optional<DType> rounded = DType::bf16;  ///< none: no copy of the weights
  std::optional<bool> finite{};                ///< none: nobody asks
};

void check_case(const Case& c) {
  INFO(c.n << " elements in " << to_text(c.dtype) << ", " << c.update.decayed << " decayed");
  const auto random = [&](std::uint64_t seed) { return rounded_to(c.dtype, normals(c.n, seed)); };
  const auto w = random(61), g = random(62), v = random(63), mean = random(64);
  Wanted weight, velocity, average;
  for (Wanted* wanted : {&weight, &velocity, &average})
    wanted->rtol = wanted->atol = c.dtype == DType::f64 ? 1e-8 : 2e-6;
  const SgdUpdate& u = c.update;
  const bool taken = c.finite.value_or(true);
  for (std::size_t i = 0; i < w.size(); ++i) {
    const double total = g[i] + (static_cast<std::int64_t>(i) < u.decayed ? u.weight_decay : 0) * w[i];
    const double step = u.momentum * v[i] + total;
    velocity.values.push_back(taken ? step : v[i]);
    weight.values.push_back(taken ? w[i] - 0.1 * (u.nesterov ? total + u.momentum * step : step) : w[i]);
    average.values.push_back(c.average && taken ? u.ema_decay * mean[i] + (1 - u.ema_decay) * weight.values[i]
                                                : mean[i]);
  }
  const DType type = c.rounded.value_or(DType::bf16);
  Wanted rounded{c.rounded && taken ? rounded_to(type, weight.values) : std::vector<double>(w.size(), 0)};
  rounded.rtol = 2 * rounding(type);  // a weight that rounds the other way
  check_on_device(
      [&] {
        const auto put = c.aligned ? on_device : on_device_unaligned;
        const Tensor a = put(w, {c.n}, c.dtype), b = put(v, {c.n}, c.dtype), m = put(mean, {c.n}, c.dtype);
        const Tensor r = put(std::vector<double>(w.size(), 0), {c.n}, type);
        const Tensor lr = on_device({0.1}, {}, DType::f32), finite = on_device({taken ? 1.0 : 0.0}, {}, DType::f32);
        kernel::sgd_update(a, put(g, {c.n}, c.dtype), b, SgdCopies{c.average ? m : Tensor(), c.rounded ? r : Tensor()},
                           lr, c.finite ? finite : Tensor(), u);
        return std::vector<Tensor>{a, b, m, r};
      },
      {weight, velocity, average, rounded});
}

}  // namespace

TEST_CASE("sgd_update on the device takes the step of the formulas, with any of its parts") {
  for (const std::int64_t n : {0, 1, 31, 32, 33, 1023, 1025})
    for (const bool nesterov : {false, true})
      for (const bool average : {false, true})
        check_case({n, {.weight_decay = 0.01, .decayed = n / 3, .nesterov = nesterov, .ema_decay = 0.9}, average});
  check_case({33, {.decayed = 33}, true, DType::f64});
  check_case({32, {.weight_decay = 0.5, .decayed = 17, .ema_decay = 0.5}, true, DType::f64});
  check_case({64, {.weight_decay = 0.5, .decayed = 30, .ema_decay = 0.5}, true, DType::f32, false});
  for (const DType rounded : {DType::bf16, DType::f16})
    for (const bool aligned : {true, false})
      for (const bool finite : {true, false})
        check_case({1025, {.weight_decay = 0.5, .decayed = 30}, true, DType::f32, aligned, rounded, finite});
  check_case({1025, {.weight_decay = 0.5, .decayed = 30}, true, DType::f32, true, std::nullopt});
  check_case({32, {.ema_decay = 0.5}, true, DType::f64, true, DType::f16});
}
