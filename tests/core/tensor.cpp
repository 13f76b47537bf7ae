#include "s4l/core/tensor.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "s4l/core/device/runtime.h"
#include "s4l/core/ops/conv2d.h"
#include "s4l/core/ops/update.h"
#include "s4l/core/ops/view.h"
#include "s4l/tests/support/near.h"

using namespace s4l;
using namespace s4l::test;

TEST_CASE("from_values and values_of are inverse on every device") {
  for (const Device& device : devices()) {
    const std::vector<std::int32_t> values{1, -2, 3, 4, 5, 6};
    const Tensor x = from_values(values, {2, 3}, device);
    CHECK(values_of<std::int32_t>(x) == values);
    CHECK(x.device() == device);
    CHECK(x.bytes() == 24);
    CHECK(values_of<std::uint8_t>(from_values(std::vector<std::uint8_t>{}, {0, 3}, device)).empty());
  }
}

TEST_CASE("sizes and types that do not fit are named") {
  CHECK_THROWS_WITH(from_values(std::vector<float>{1, 2}, {3}), Catch::Contains("(3)") && Catch::Contains("2"));
  CHECK_THROWS_WITH(zeros({2}).data<double>(), Catch::Contains("f32") && Catch::Contains("f64"));
  CHECK_THROWS_WITH(values_of<std::int32_t>(zeros({2})), Catch::Contains("i32"));
  CHECK_THROWS_WITH(Tensor().shape(), Catch::Contains("empty"));
  CHECK_THROWS_WITH(Tensor().dtype(), Catch::Contains("empty"));
  CHECK_THROWS_WITH(empty({2, -1}), Catch::Contains("(2, -1)"));
  CHECK_THROWS_WITH(copy_(zeros({2}), zeros({3})), Catch::Contains("(2)") && Catch::Contains("(3)"));
  CHECK_THROWS_WITH(item(zeros({2})), Catch::Contains("(2)"));
}

TEST_CASE("sizes whose product no address can count are named") {
  constexpr std::int64_t kMany = std::int64_t{1} << 32;
  CHECK_THROWS_WITH(empty({kMany, kMany}), Catch::Contains("f32 (4294967296, 4294967296)"));
  CHECK_THROWS_WITH(empty({kMany << 30}), Catch::Contains("f32 (4611686018427387904)"));
  const Tensor x = zeros({1, 1, 1, 1}), w = zeros({1, 1, 1, 1});
  CHECK_THROWS_WITH(conv2d(x, w, {.padding = 2147483647}), Catch::Contains("(1, 4294967295, 4294967295, 1)"));
}

TEST_CASE("a default-constructed tensor stands for none") {
  CHECK_FALSE(Tensor());
  CHECK_FALSE(Tensor().requires_grad());
  CHECK_FALSE(Tensor().detach());
  CHECK_FALSE(Tensor().grad());
}

TEST_CASE("a copy of a handle is the same tensor, and views see the same numbers") {
  const Tensor x = zeros({4, 3});
  const Tensor same = x, middle = rows(x, 1, 3), flat = reshape(x, {-1});
  x.data<float>()[4] = 7;
  CHECK(same.data<float>()[4] == 7);
  CHECK(middle.data<float>()[1] == 7);
  CHECK(flat.data<float>()[4] == 7);
  add_(middle, full({2, 3}, 1));
  CHECK(x.version() == 1);
  CHECK(flat.version() == 1);
  CHECK_THROWS_WITH(rows(x, 3, 5), Catch::Contains("got 3 and 5"));
  CHECK_THROWS_WITH(reshape(x, {5, -1}), Catch::Contains("12"));
}

TEST_CASE("tensors that lie in one memory are seen as one row, with what lies between them") {
  const Tensor row = from_values(std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7}, {8});
  const Tensor a = reshape(rows(row, 1, 3), {2, 1}), b = rows(row, 4, 7);
  const Tensor whole = spanned({b, a});
  CHECK(whole.raw() == a.raw());
  CHECK(values_of<float>(whole) == std::vector<float>{1, 2, 3, 4, 5, 6});
  CHECK_FALSE(spanned({a, zeros({2})}));
  CHECK_FALSE(spanned({}));
}

TEST_CASE("sole_owner is false while another handle or view sees the numbers") {
  Tensor x = zeros({4});
  CHECK(x.sole_owner());
  {
    const Tensor copy = x;
    CHECK_FALSE(x.sole_owner());
  }
  {
    const Tensor view = rows(x, 0, 1);
    CHECK_FALSE(x.sole_owner());
  }
  CHECK(x.sole_owner());
}

TEST_CASE("under set_poison fresh memory is NaN, re-used memory too") {
  set_poison(true);
  for (int round = 0; round < 3; ++round) {
    const Tensor x = empty({100});
    for (float value : values_of<float>(x)) REQUIRE(std::isnan(value));
    for (std::int64_t i = 0; i < 100; ++i) x.data<float>()[i] = 1;
  }
}

TEST_CASE("memory use rises with a tensor, falls with its last handle, and the peak stays") {
  const auto use = [] { return runtime(kCpu).memory_use(); };
  const std::size_t before = use().current;
  {
    const Tensor x = zeros({1000000});
    const Tensor view = rows(x, 0, 10);
    CHECK(use().current >= before + x.bytes());
  }
  CHECK(use().current == before);
  CHECK(use().peak >= before + 4000000);
}

TEST_CASE("memory is aligned for vectors") {
  for (std::int64_t n : {0, 1, 31, 33, 1025, 1000000})
    CHECK(reinterpret_cast<std::uintptr_t>(empty({n}).raw()) % 64 == 0);
}
