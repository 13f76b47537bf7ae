// What is too large for the caches is written around them: that must not change a bit of it.
#include "s4l/kernels/cpu/past_caches.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>

#include "s4l/core/ops/batch_norm.h"
#include "s4l/core/ops/conv2d.h"
#include "s4l/core/ops/rotation_batch.h"
#include "s4l/core/ops/softmax.h"
#include "s4l/core/ops/vat.h"
#include "s4l/core/ops/view.h"
#include "s4l/tests/support/near.h"

using namespace s4l;
using namespace s4l::test;

namespace {

/// Uniform numbers, quickly: there are millions.
Tensor numbers(const Shape& shape) {
  const Tensor x = empty(shape);
  std::uint32_t state = 1;
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    state = state * 1664525u + 1013904223u;
    x.data<float>()[i] = static_cast<float>(state >> 8) * 0x1p-23f - 1;
  }
  return x;
}

/// op(x), an op of each row of x alone, of which the whole is past the caches and the halves are not.
void check_halves(const Tensor& x, const std::function<Tensor(const Tensor&)>& op) {
  const std::int64_t n = x.shape()[0], half = n / 2;
  const Tensor whole = op(x);
  REQUIRE(cpu::past_caches(whole));
  for (const std::int64_t begin : {std::int64_t{0}, half}) {
    const Tensor part = op(rows(x, begin, begin + half));
    REQUIRE(!cpu::past_caches(part));
    const auto first = static_cast<std::size_t>(begin / half * part.numel());
    const auto all = values_of<float>(whole);
    CHECK(std::equal(all.begin() + static_cast<std::ptrdiff_t>(first),
                     all.begin() + static_cast<std::ptrdiff_t>(first) + part.numel(), values_of<float>(part).begin()));
  }
}

}  // namespace

TEST_CASE("results past the caches have the bits of smaller ones") {
  for (const std::int64_t channels : {136, 129}) {  // whole vectors to a row, and not
    const Tensor x = numbers({2, 112, 112, channels}), gamma = numbers({channels}), beta = numbers({channels});
    const Tensor mean = numbers({channels}), var = full({channels}, 0.5);
    check_halves(x, [&](const Tensor& part) { return batch_norm_eval(part, gamma, beta, mean, var, {.relu = true}); });
  }
  for (const std::int64_t outputs : {144, 129}) {
    const Tensor x = numbers({2, 112, 112, 8});
    for (const std::int64_t kernel : {1, 3}) {
      const Tensor w = numbers({outputs, kernel, kernel, 8});
      check_halves(x, [&](const Tensor& part) { return conv2d(part, w, {1, static_cast<int>(kernel / 2)}); });
    }
  }
  for (const std::int64_t channels : {144, 129}) {
    const Tensor gy = numbers({2, 56, 56, 8});
    for (const std::int64_t kernel : {1, 3}) {
      const Tensor w = numbers({8, kernel, kernel, channels});
      check_halves(gy, [&](const Tensor& part) {
        const Tensor gx = full({part.shape()[0], 112, 112, channels}, std::nan(""));
        cpu::conv2d_backward_data(part, w, {2, static_cast<int>(kernel / 2)}, gx);
        return gx;
      });
    }
  }
  for (const Shape& shape : {Shape{32, 96, 96, 3}, Shape{26, 115, 115, 3}}) {  // lines of whole vectors, and not
    const Tensor pictures = zeros(shape, DType::u8);
    for (std::int64_t i = 0; i < pictures.numel(); ++i)
      pictures.data<std::uint8_t>()[i] = static_cast<std::uint8_t>(i * 2654435761u >> 13);
    check_halves(pictures, [](const Tensor& part) { return rotation_batch(part, {}, {}); });
  }
  for (const Shape& shape : {Shape{400'000, 10}, Shape{3200, 1025}}) check_halves(numbers(shape), softmax);
  const Tensor x = numbers({2, 1'600'003});
  check_halves(x, [](const Tensor& part) { return vat_step(part, part, {.radius = 3}).x; });
}
