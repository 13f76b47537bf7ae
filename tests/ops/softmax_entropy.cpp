#include "s4l/core/ops/softmax_entropy.h"

#include <catch2/catch.hpp>
#include <algorithm>
#include <cmath>
#include <limits>

#include "s4l/core/ops/add.h"
#include "s4l/tests/support/near.h"
#include "s4l/tests/support/op_case.h"

using namespace s4l;
using namespace s4l::test;

namespace {

Tensor labels_for(std::int64_t n, std::int64_t k) {
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < n; ++i) labels.push_back(i % 5 == 4 ? -1 : static_cast<std::int32_t>(i * 7 % k));
  return from_values(labels, {n});
}

/// Row i's label distribution, empty for none.
std::vector<double> target(const Tensor& labels, std::size_t row, std::size_t k, double smoothing) {
  std::vector<double> t(k);
  if (!labels) return {};
  const auto values = doubles(labels);
  if (labels.dtype() == DType::i32) {
    if (values[row] < 0) return {};
    t[static_cast<std::size_t>(values[row])] = 1;
  } else {
    std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(row * k), k, t.begin());
  }
  for (double& value : t) value = (1 - smoothing) * value + smoothing / static_cast<double>(k);
  return t;
}

struct Expected {
  double loss = 0;
  std::vector<double> cross_entropy, entropy;
};

Expected naive(const Tensor& logits, const Tensor& labels, const SoftmaxEntropyOptions& options) {
  const auto z = doubles(logits);
  const auto n = static_cast<std::size_t>(logits.shape()[0]), k = static_cast<std::size_t>(logits.shape()[1]);
  Expected e;
  for (std::size_t i = 0; i < n; ++i) {
    const double* row = z.data() + i * k;
    const double max = *std::max_element(row, row + k);
    double sum = 0, h = 0, ce = 0;
    for (std::size_t j = 0; j < k; ++j) sum += std::exp(row[j] - max);
    const auto t = target(labels, i, k, options.label_smoothing);
    for (std::size_t j = 0; j < k; ++j) {
      const double log_p = row[j] - max - std::log(sum);
      h -= std::exp(log_p) * log_p;
      if (!t.empty()) ce -= t[j] * log_p;
    }
    e.cross_entropy.push_back(ce);
    e.entropy.push_back(h);
    e.loss += (options.cross_entropy * ce + options.entropy * h) / static_cast<double>(n);
  }
  return e;
}

/// Compares loss with gradient, and the rows.
void check_rows(std::int64_t n, std::int64_t k, const Tensor& labels, const SoftmaxEntropyOptions& options) {
  const Tensor z = random_tensor({n, k}, DType::f64, 11, 3);
  check_op({.name = "softmax_entropy " + to_text(z.shape()),
            .inputs = {z, labels},
            .wants_grad = {true, false},
            .forward = [=](const auto& in) { return softmax_entropy(in[0], in[1], options).loss; },
            .reference = [=](const auto& in) { return std::vector<double>{naive(in[0], in[1], options).loss}; }});
  const SoftmaxEntropy rows = softmax_entropy(z, labels, options);
  const Expected expected = naive(z, labels, options);
  check_near(rows.cross_entropy, expected.cross_entropy, 1e-10, 1e-12);
  check_near(rows.entropy, expected.entropy, 1e-10, 1e-12);
}

}  // namespace

TEST_CASE("softmax_entropy of the spec's logits gives its entropy and gradient") {
  Tensor z = from_values(std::vector<double>{2, 0, -1}, {1, 3});
  z.set_requires_grad(true);
  const SoftmaxEntropy s = softmax_entropy(z, {}, {.cross_entropy = 0, .entropy = 1});
  check_near(s.entropy, {0.524267}, 0, 5e-7);
  check_near(grad(s.loss, std::vector<Tensor>{z})[0], {-0.299058, 0.187917, 0.111141}, 0, 5e-7);
}

TEST_CASE("softmax_entropy follows the formulas for every kind of label and any size") {
  for (const auto& [n, k] : {std::pair{1, 1}, {31, 10}, {33, 31}, {5, 33}, {7, 1025}, {65, 4}, {2, 50000}}) {
    check_rows(n, k, labels_for(n, k), {});
    check_rows(n, k, {}, {.entropy = 0.5});
  }
  const Tensor soft = from_values(
      [] {
        std::vector<double> t;
        for (int i = 0; i < 9 * 37; ++i) t.push_back(0.01 * (i % 11));
        return t;
      }(),
      {9, 37});
  check_rows(9, 37, soft, {.cross_entropy = 0.7, .entropy = 0.3});
  check_rows(9, 37, soft, {.label_smoothing = 0.1});
  check_rows(9, 37, labels_for(9, 37), {.cross_entropy = 2, .entropy = 1, .label_smoothing = 0.2});
}

TEST_CASE("softmax_entropy of no rows is a loss of 0") {
  Tensor z = zeros({0, 10});
  z.set_requires_grad(true);
  const SoftmaxEntropy s = softmax_entropy(z, from_values(std::vector<std::int32_t>{}, {0}), {.entropy = 1});
  CHECK(item(s.loss) == 0);
  CHECK(grad(s.loss, std::vector<Tensor>{z})[0].shape() == Shape{0, 10});
}

TEST_CASE("softmax_entropy counts a hit where the first of the largest logits is the label's") {
  const Tensor z = from_values(std::vector<float>{1, 3, 3, 0,  //
                                                  1, 3, 3, 0,  //
                                                  5, 1, 1, 1,  //
                                                  5, 1, 1, 1},
                               {4, 4});
  check_near(softmax_entropy(z, from_values(std::vector<std::int32_t>{1, 2, 0, -1}, {4})).hit, {1, 0, 1, 0}, 0, 0);
  const Tensor soft = from_values(std::vector<float>{0, 1, 0, 0, 0, 0, 1, 0, .4f, .3f, .3f, 0, 0, 0, .5f, .5f}, {4, 4});
  check_near(softmax_entropy(z, soft).hit, {1, 0, 1, 0}, 0, 0);
  check_near(softmax_entropy(z, {}).hit, {0, 0, 0, 0}, 0, 0);
}

TEST_CASE("softmax_entropy is exact for logits of any size and keeps a NaN") {
  const Tensor z = from_values(std::vector<float>{1e4f, -1e4f, 0, -3e38f}, {1, 4});
  const SoftmaxEntropy s = softmax_entropy(z, from_values(std::vector<std::int32_t>{1}, {1}));
  check_near(s.cross_entropy, {2e4}, 1e-6, 0);
  check_near(s.entropy, {0}, 0, 0);
  const Tensor bad = from_values(std::vector<float>{0, std::numeric_limits<float>::quiet_NaN(), 1, 2}, {1, 4});
  CHECK(std::isnan(item(softmax_entropy(bad, from_values(std::vector<std::int32_t>{0}, {1})).loss)));
}

TEST_CASE("a logit of -inf has no probability in softmax_entropy") {
  constexpr double kNever = -std::numeric_limits<double>::infinity();
  const auto labels = from_values(std::vector<std::int32_t>{0, 40}, {2});
  std::vector<double> without, with;  // the same rows of 40, and with 5 impossible classes among them
  for (int row = 0; row < 2; ++row)
    for (int k = 0; k < 45; ++k) {
      const bool impossible = k % 9 == 3;
      with.push_back(impossible ? kNever : 0.1 * k - row);
      if (!impossible) without.push_back(with.back());
    }
  const auto labels_without = from_values(std::vector<std::int32_t>{0, 35}, {2});
  for (const DType dtype : {DType::f64, DType::f32})
    with_float(dtype, [&]<class T>() {
      const SoftmaxEntropyOptions options{.entropy = 0.5};
      Tensor z = from_values(std::vector<T>(with.begin(), with.end()), {2, 45});
      Tensor plain = from_values(std::vector<T>(without.begin(), without.end()), {2, 40});
      z.set_requires_grad(true);
      plain.set_requires_grad(true);
      const SoftmaxEntropy s = softmax_entropy(z, labels, options);
      const SoftmaxEntropy expected = softmax_entropy(plain, labels_without, options);
      const double tolerance = dtype == DType::f64 ? 1e-12 : 1e-5;
      check_near(s.cross_entropy, doubles(expected.cross_entropy), tolerance, tolerance);
      check_near(s.entropy, doubles(expected.entropy), tolerance, tolerance);
      const auto g = doubles(grad(s.loss, std::vector<Tensor>{z})[0]);
      auto g_expected = doubles(grad(expected.loss, std::vector<Tensor>{plain})[0]);
      for (std::size_t i = 0; i < g.size(); ++i)
        if (std::isinf(with[i])) g_expected.insert(g_expected.begin() + static_cast<std::ptrdiff_t>(i), 0);
      check_near(from_values(g, {90}), g_expected, tolerance, tolerance);
    });
}

TEST_CASE("softmax_entropy costs inf where an impossible class is wanted, and is NaN where all are impossible") {
  const float never = -std::numeric_limits<float>::infinity();
  const Tensor z = from_values(std::vector<float>{1, never, 2, never, never, never}, {2, 3});
  const SoftmaxEntropy wanted = softmax_entropy(z, from_values(std::vector<std::int32_t>{1, 0}, {2}));
  const auto cost = doubles(wanted.cross_entropy), entropy = doubles(wanted.entropy);
  CHECK(std::isinf(cost[0]));
  CHECK(std::isnan(cost[1]));
  CHECK(entropy[0] > 0.5);
  CHECK(std::isnan(entropy[1]));
  const Tensor soft = from_values(std::vector<float>{0.5f, 0, 0.5f, 1, 0, 0}, {2, 3});
  CHECK(doubles(softmax_entropy(z, soft).cross_entropy)[0] == Approx(0.8132617));
}

TEST_CASE("the gradient of softmax_entropy is scaled by what its loss is multiplied with") {
  Tensor z = random_tensor({6, 5}, DType::f64, 12);
  z.set_requires_grad(true);
  const Tensor labels = labels_for(6, 5);
  const Tensor once = grad(cross_entropy(z, labels), std::vector<Tensor>{z})[0];
  const Tensor thrice = grad(scale(cross_entropy(z, labels), 3), std::vector<Tensor>{z})[0];
  check_near(thrice, doubles(scale(once, 3)), 1e-14, 0);
}

TEST_CASE("softmax_entropy names what does not fit") {
  const Tensor z = zeros({2, 3});
  CHECK_THROWS_WITH(softmax_entropy(zeros({3}), {}), Catch::Contains("(3)"));
  CHECK_THROWS_WITH(softmax_entropy(z, zeros({2})), Catch::Contains("(2)") && Catch::Contains("f32"));
  CHECK_THROWS_WITH(softmax_entropy(z, from_values(std::vector<std::int32_t>{0, 3}, {2})),
                    Catch::Contains("from -1 to 2, got 3 in row 1"));
  for (const std::int32_t label :
       {-2, 4, std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()})
    CHECK_THROWS_WITH(softmax_entropy(z, from_values(std::vector<std::int32_t>{0, label}, {2})),
                      Catch::Contains("got " + std::to_string(label) + " in row 1"));
  CHECK_THROWS_WITH(softmax_entropy(z, {}, {.label_smoothing = 1.5}), Catch::Contains("1.5"));
}
