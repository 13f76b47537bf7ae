#include "s4l/core/ops/update.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "s4l/core/ops/cast.h"
#include "s4l/tests/support/near.h"
#include "s4l/tests/support/op_case.h"

using namespace s4l;
using namespace s4l::test;

namespace {

struct Rows {
  std::vector<double> w, g, v, average;
};

void naive_step(Rows& r, double lr, const SgdUpdate& u) {
  for (std::size_t i = 0; i < r.w.size(); ++i) {
    const double g = r.g[i] + (static_cast<std::int64_t>(i) < u.decayed ? u.weight_decay : 0) * r.w[i];
    r.v[i] = u.momentum * r.v[i] + g;
    r.w[i] -= lr * (u.nesterov ? g + u.momentum * r.v[i] : r.v[i]);
    r.average[i] = u.ema_decay * r.average[i] + (1 - u.ema_decay) * r.w[i];
  }
}

/// Three steps against plain loops in double.
void check_steps(std::int64_t n, const SgdUpdate& update, bool with_average, Device device) {
  const auto random = [&](std::uint64_t seed) { return random_tensor({n}, DType::f32, seed, 1, device); };
  const Tensor w = random(61), g = random(62), v = random(63), average = with_average ? random(64) : Tensor();
  Rows rows{doubles(w), doubles(g), doubles(v), doubles(with_average ? average : w)};
  for (double lr : {0.1, 0.0, 0.03}) {
    naive_step(rows, lr, update);
    const auto version = w.version();
    sgd_update_(w, g, v, {.average = average}, full({}, lr, DType::f32, device), {}, update);
    CHECK(w.version() > version);
  }
  check_near(w, rows.w, 1e-5, 1e-6);
  check_near(v, rows.v, 1e-5, 1e-6);
  if (with_average) check_near(average, rows.average, 1e-5, 1e-6);
}

}  // namespace

TEST_CASE("sgd_update_ takes the step of the formulas, with any of its parts") {
  KernelsUnderTest kernels;
  for (const Device& device : devices())
    for (std::int64_t n : {0, 1, 31, 33, 1025, 40000})
      for (bool nesterov : {false, true})
        for (bool average : {false, true})
          for (std::int64_t decayed : {std::int64_t{0}, n / 3, n})
            check_steps(n, {.weight_decay = 0.01, .decayed = decayed, .nesterov = nesterov, .ema_decay = 0.99}, average,
                        device);
  kernels.mark_compared();
}

TEST_CASE("sgd_update_ gives the same bits for any number of threads") {
  const auto step = [](int threads) {
    set_num_threads(threads);
    const Tensor w = random_tensor({50000}, DType::f32, 65), v = zeros({50000});
    sgd_update_(w, random_tensor({50000}, DType::f32, 66), v, {}, full({}, 0.1), {},
                {.weight_decay = 1e-3, .decayed = 777});
    return doubles(w);
  };
  const auto one = step(1), three = step(3);
  set_num_threads(0);
  CHECK(one == three);
}

TEST_CASE("sgd_update_ rounds the new weights to 16 bits, and changes nothing where the gradient is not finite") {
  KernelsUnderTest kernels;
  for (const Device& device : devices())
    for (const DType type : {DType::bf16, DType::f16})
      for (const std::int64_t n : {1, 33, 40000}) {
        INFO(n << " in " << to_text(type) << " on " << to_text(device));
        const auto random = [&](std::uint64_t seed) { return random_tensor({n}, DType::f32, seed, 1, device); };
        const Tensor w = random(61), g = random(62), v = random(63), average = random(64);
        const Tensor rounded = zeros({n}, type, device), lr = full({}, 0.1, DType::f32, device);
        const auto step = [&](double finite) {
          sgd_update_(w, g, v, {average, rounded}, lr, full({}, finite, DType::f32, device), {.ema_decay = 0.5});
          return std::vector{doubles(w), doubles(v), doubles(average), doubles(cast(rounded, DType::f32))};
        };
        const auto before = doubles(w), none = step(0)[3];
        CHECK(doubles(w) == before);
        CHECK(none == std::vector<double>(none.size(), 0));
        const auto taken = step(1);
        CHECK(taken[0] != before);
        CHECK(taken[3] == doubles(cast(cast(w, type), DType::f32)));
        CHECK(step(0) == taken);
      }
  kernels.mark_compared();
}

TEST_CASE("add_ and scale_ change a tensor in place and advance its version") {
  const Tensor y = full({3}, 2), x = full({3}, 5);
  const auto version = y.version();
  add_(y, x);
  scale_(y, 0.5);
  check_near(y, {3.5, 3.5, 3.5}, 0, 0);
  CHECK(y.version() == version + 2);
}

TEST_CASE("average_ follows by the decay of its step") {
  KernelsUnderTest kernels;
  const AverageDecay decay{.early = 0.5, .decay = 0.9, .until = 2};
  for (std::int64_t n : {0, 1, 33, 40000}) {
    const Tensor average = full({n}, 8), weight = full({n}, 4);
    const auto count = static_cast<std::size_t>(n);
    average_(average, weight, full({1}, 1), decay);
    check_near(average, std::vector<double>(count, 6), 0, 0);
    const auto version = average.version();
    average_(average, weight, full({1}, 2), decay);
    check_near(average, std::vector<double>(count, 5.8), 1e-6, 0);
    CHECK(average.version() > version);
  }
  const Tensor exact = full({3}, 8, DType::f64);
  average_(exact, full({3}, 4, DType::f64), full({1}, 7), decay);
  check_near(exact, {7.6, 7.6, 7.6}, 1e-14, 0);
  kernels.mark_compared();
}

TEST_CASE("clip_length_ cuts what is longer and leaves what is not") {
  KernelsUnderTest kernels;
  for (const Device& device : devices())
    for (const DType dtype : {DType::f32, DType::f64})
      for (const std::int64_t n : {0, 1, 33, 40000}) {
        INFO(n << " of " << to_text(dtype) << " on " << to_text(device));
        const Tensor x = random_tensor({n}, dtype, 5, 1e-25, device);  // whose squares are no f32
        double squares = 0;
        for (const double value : doubles(x)) squares += value * value;
        const double length = std::sqrt(squares);
        const auto before = doubles(x);
        clip_length_(x, 2 * length + 1e-30);
        CHECK(doubles(x) == before);
        if (n == 0) continue;
        const auto version = x.version();
        clip_length_(x, length / 4);
        auto expected = before;
        for (double& value : expected) value /= 4;
        check_near(x, expected, 1e-6, 0);
        CHECK(x.version() > version);
      }
  kernels.mark_compared();
}

TEST_CASE("updates name what does not fit") {
  const Tensor w = zeros({3}), lr = full({}, 0.1);
  CHECK_THROWS_WITH(add_(w, zeros({4})), Catch::Contains("(3)") && Catch::Contains("(4)"));
  CHECK_THROWS_WITH(sgd_update_(w, zeros({4}), w, {}, lr, {}, {}), Catch::Contains("(4)"));
  CHECK_THROWS_WITH(sgd_update_(w, w, w, {}, zeros({2}), {}, {}), Catch::Contains("one f32"));
  CHECK_THROWS_WITH(sgd_update_(w, w, w, {}, lr, zeros({2}), {}), Catch::Contains("(2)"));
  CHECK_THROWS_WITH(sgd_update_(w, w, w, {.rounded = w}, lr, {}, {}), Catch::Contains("bf16 or f16 (3)"));
  CHECK_THROWS_WITH(average_(w, zeros({4}), lr, {}), Catch::Contains("(4)"));
  CHECK_THROWS_WITH(clip_length_(w, 0), Catch::Contains("above 0, got 0"));
  CHECK_THROWS_WITH(average_(w, w, zeros({2}), {}), Catch::Contains("one f32"));
}
