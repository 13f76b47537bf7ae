#include "s4l/core/autograd.h"

#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "s4l/core/device/runtime.h"
#include "s4l/core/kernel.h"
#include "s4l/core/ops/add.h"
#include "s4l/core/ops/linear.h"
#include "s4l/core/ops/unary.h"
#include "s4l/core/ops/update.h"
#include "s4l/core/ops/view.h"
#include "s4l/tests/support/near.h"

using namespace s4l;
using namespace s4l::test;

namespace {

std::map<std::string, int> runs;

/// Counts the kernels that run while it is alive.
struct CountKernels {
  CountKernels() {
    runs.clear();
    kernel_observer = [](const char* kernel, const Tensor&) { ++runs[kernel]; };
  }
  ~CountKernels() { kernel_observer = nullptr; }
};

Tensor leaf(double value) { return full({2}, value, DType::f64).set_requires_grad(true); }

Tensor sum(const Tensor& x) {
  double total = 0;
  for (double value : doubles(x)) total += value;
  return record("sum", full({}, total, DType::f64), {x},
                [shape = x.shape()](const Tensor& gy, Needs) { return Grads{full(shape, item(gy), DType::f64)}; });
}

Tensor only(const Grads& grads) {
  REQUIRE(grads.size() == 1);
  return grads[0];
}

}  // namespace

TEST_CASE("backward adds to the gradient of every leaf, call after call") {
  const Tensor a = leaf(2), b = leaf(3);
  backward(sum(add(square(a), b)));
  check_near(a.grad(), {4, 4}, 0, 0);
  check_near(b.grad(), {1, 1}, 0, 0);
  backward(sum(square(a)));
  check_near(a.grad(), {8, 8}, 0, 0);
}

TEST_CASE("the first gradient of a leaf that holds zeros is written there by its op, later ones are added") {
  const Tensor x = random_tensor({3, 2}, DType::f64, 1), w = random_tensor({4, 2}, DType::f64, 2);
  Tensor plain = w.detach().set_requires_grad(true), direct = w.detach().set_requires_grad(true);
  direct.set_grad(zeros({4, 2}, DType::f64));
  const void* const place = direct.grad().raw();
  const auto twice = [&](const Tensor& leaf) {
    const CountKernels count;
    const auto version = leaf.grad() ? leaf.grad().version() : 0;
    backward(sum(add(linear(x, leaf), linear(add(x, x), leaf))));
    CHECK(leaf.grad().version() > version);
    return runs["add"];
  };
  const int adds = twice(plain);
  expect_first_gradient(direct);
  CHECK(twice(direct) == adds - 1);
  CHECK(direct.grad().raw() == place);
  CHECK(doubles(direct.grad()) == doubles(plain.grad()));
  CHECK(twice(direct) == adds);  // nobody has said that it holds zeros again
  CHECK(twice(plain) == adds);
  CHECK(doubles(direct.grad()) == doubles(plain.grad()));
}

TEST_CASE("an op that nobody gave room, and grad(), leave a leaf's zeros alone") {
  const Tensor a = leaf(2);
  Tensor b = leaf(3);
  b.set_grad(zeros({2}, DType::f64));
  expect_first_gradient(b);
  CHECK(doubles(only(grad(sum(square(b)), std::vector{b}))) == std::vector<double>(2, 6));
  check_near(b.grad(), {0, 0}, 0, 0);
  backward(sum(add(square(a), add(b, square(b)))));
  check_near(b.grad(), {7, 7}, 0, 0);
  b.set_grad(full({2}, 1, DType::f64));  // no zeros
  backward(sum(square(b)));
  check_near(b.grad(), {7, 7}, 0, 0);
}

TEST_CASE("backward on a graph that was freed is an error that names the op") {
  const Tensor a = leaf(2);
  const Tensor loss = sum(square(a));
  backward(loss);
  CHECK_THROWS_WITH(backward(loss), Catch::Contains("\"sum\" already ran backward()"));
}

TEST_CASE("backward wants a loss of one element that was computed from something") {
  const Tensor a = leaf(2);
  CHECK_THROWS_WITH(backward(square(a)), Catch::Contains("(2)"));
  CHECK_THROWS_WITH(backward(zeros({})), Catch::Contains("requires a gradient"));
  CHECK_THROWS_WITH(grad(zeros({}), std::vector<Tensor>{a}), Catch::Contains("requires a gradient"));
}

TEST_CASE("grad computes what leads to its targets and nothing else, and may be called again") {
  const Tensor a = leaf(2), b = leaf(3);
  const Tensor middle = exp(a);
  const Tensor loss = sum(add(square(middle), log(b)));
  for (int call = 0; call < 2; ++call) {
    const CountKernels count;
    check_near(only(grad(loss, std::vector<Tensor>{middle})), doubles(scale(middle, 2)), 1e-15, 0);
    CHECK(runs["square_backward"] == 1);
    CHECK(runs["exp_backward"] == 0);
    CHECK(runs["log_backward"] == 0);
  }
  CHECK_FALSE(a.grad());
  CHECK_FALSE(b.grad());
  const Grads both = grad(loss, std::vector<Tensor>{b, a});
  check_near(both[0], {1 / 3.0, 1 / 3.0}, 1e-15, 0);
  check_near(both[1], doubles(scale(square(middle), 2)), 1e-15, 0);
}

TEST_CASE("grad gives an empty tensor where the loss does not depend on the target") {
  const Tensor a = leaf(2), other = leaf(1);
  const Grads grads = grad(sum(square(a)), std::vector<Tensor>{other, a});
  CHECK_FALSE(grads[0]);
  check_near(grads[1], {4, 4}, 0, 0);
}

TEST_CASE("inside a NoGrad nothing is recorded, and recording comes back after it") {
  const Tensor a = leaf(2);
  {
    const NoGrad outer;
    { const NoGrad inner; }
    CHECK_FALSE(square(a).requires_grad());
  }
  CHECK(square(a).requires_grad());
  CHECK_FALSE(square(a.detach()).requires_grad());
}

TEST_CASE("a tensor that leads to the loss in two ways gets the sum") {
  const Tensor a = leaf(3);
  const Tensor s = square(a);
  backward(sum(add(add(s, s), a)));
  check_near(a.grad(), {13, 13}, 0, 0);
}

TEST_CASE("a gradient of the wrong number or shape is an error that names the op") {
  const Tensor a = leaf(2);
  const auto with = [&](Grads grads) {
    return record("crooked", zeros({}, DType::f64), {a}, [grads](const Tensor&, Needs) { return grads; });
  };
  CHECK_THROWS_WITH(backward(with({})), Catch::Contains("expected 1 gradients from \"crooked\", got 0"));
  CHECK_THROWS_WITH(backward(with({zeros({3}, DType::f64)})), Catch::Contains("(2)") && Catch::Contains("(3)"));
}

TEST_CASE("a closure may keep what would be computed again, and Saved computes it at each reading") {
  int computed = 0;
  Tensor y = recomputed(full({2}, 1), [&] {
    ++computed;
    return full({2}, 5);
  });
  const Saved saved(y);
  CHECK(computed == 0);
  check_near(saved.get(), {5, 5}, 0, 0);
  check_near(saved.get(), {5, 5}, 0, 0);
  CHECK(computed == 2);
  const Tensor plain = full({2}, 3);
  CHECK(Saved(plain).get().raw() == plain.raw());
  CHECK_FALSE(Saved(Tensor()).get());
}

TEST_CASE("a tape frees its numbers when the last handle goes") {
  const Tensor a = full({100000}, 2, DType::f64).set_requires_grad(true);
  const std::size_t before = runtime(kCpu).memory_use().current;
  {
    const Tensor y = exp(square(a));
    CHECK(runtime(kCpu).memory_use().current > before);
  }
  CHECK(runtime(kCpu).memory_use().current == before);
}

TEST_CASE("an op on leaves without gradients keeps nothing") {
  const Tensor a = full({100000}, 2, DType::f64);
  const std::size_t before = runtime(kCpu).memory_use().current;
  const Tensor y = square(exp(a));
  CHECK(runtime(kCpu).memory_use().current - before < 2 * y.bytes());
}

TEST_CASE("the gradients of many slices of a tensor cost no more than the tensor") {
  constexpr std::int64_t kRows = 64, kColumns = 100;
  const Tensor a = full({kRows, kColumns}, 3, DType::f64).set_requires_grad(true);
  const Tensor s = square(a);
  std::vector<Tensor> slices;
  for (std::int64_t i = 0; i + 2 <= kRows; ++i) slices.push_back(rows(s, i, i + 2));  // every row but two is in two
  const Tensor loss = sum(concat(slices));
  static std::int64_t added = 0;
  kernel_observer = [](const char* kernel, const Tensor& first) {
    if (std::string(kernel) == "add") added += first.numel();
  };
  backward(loss);
  kernel_observer = nullptr;
  std::vector<double> expected(kRows * kColumns, 12);
  std::fill_n(expected.begin(), kColumns, 6);
  std::fill_n(expected.end() - kColumns, kColumns, 6);
  check_near(a.grad(), expected, 0, 0);
  CHECK(added <= 5 * kRows * kColumns);
}

TEST_CASE("a slice of a leaf sends its gradient to the rows it was cut from") {
  const Tensor a = full({3, 2}, 1, DType::f64).set_requires_grad(true);
  const Tensor loss = add(sum(rows(a, 1, 2)), sum(rows(rows(a, 1, 3), 1, 2)));
  check_near(grad(loss, std::vector<Tensor>{a})[0], {0, 0, 1, 1, 1, 1}, 0, 0);
  backward(loss);
  check_near(a.grad(), {0, 0, 1, 1, 1, 1}, 0, 0);
}
