#include "s4l/core/ops/self_adaptive.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "s4l/core/ops/softmax.h"
#include "s4l/core/ops/view.h"
#include "s4l/tests/support/near.h"
#include "s4l/tests/support/op_case.h"

using namespace s4l;
using namespace s4l::test;

namespace {

using Row = std::vector<double>;

Row sum_norm(Row x) {
  double sum = 0;
  for (const double value : x) sum += value;
  for (double& value : x) value /= sum;
  return x;
}

/// The paper's equation in plain loops.
double naive_fairness(const Row& p, const std::vector<std::int32_t>& labels, const Row& probability,
                      const Row& histogram) {
  const std::size_t k = probability.size();
  Row mean(k), share(k), wanted(k);
  double n = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0) continue;
    const auto row = p.begin() + static_cast<std::ptrdiff_t>(i * k);
    ++share[static_cast<std::size_t>(std::max_element(row, row + static_cast<std::ptrdiff_t>(k)) - row)];
    for (std::size_t c = 0; c < k; ++c) mean[c] += p[i * k + c];
    ++n;
  }
  if (n == 0) return 0;
  for (std::size_t c = 0; c < k; ++c) {
    mean[c] = share[c] > 0 ? (mean[c] / n) / (share[c] / n) : 0;
    wanted[c] = histogram[c] > 0 ? probability[c] / histogram[c] : 0;
  }
  mean = sum_norm(mean);
  wanted = sum_norm(wanted);
  double loss = 0;
  for (std::size_t c = 0; c < k; ++c) loss += wanted[c] * std::log(mean[c] + 1e-12);
  return loss;
}

Tensor shares(std::int64_t k, std::uint64_t seed) {
  return reshape(softmax(random_tensor({1, k}, DType::f64, seed)), {k});
}

}  // namespace

TEST_CASE("confidence follows largest probabilities, mean probabilities and the histogram of the answers") {
  KernelsUnderTest kernels;
  const Confidence before{full({1}, 0.5), full({2}, 0.5), full({2}, 0.5)};
  const Tensor q = from_values(std::vector<float>{0.9f, 0.1f, 0.7f, 0.3f, 0.2f, 0.8f, 0.6f, 0.4f}, {4, 2});
  const Confidence after = followed(before, q, 0.9);
  check_near(after.global, {0.45 + 0.1 * 0.75}, 1e-6, 0);
  check_near(after.probability, {0.45 + 0.1 * 0.6, 0.45 + 0.1 * 0.4}, 1e-6, 0);
  check_near(after.histogram, {0.45 + 0.1 * 0.75, 0.45 + 0.1 * 0.25}, 1e-6, 0);
  check_near(before.global, {0.5}, 0, 0);
  check_near(self_adaptive_thresholds(after), {0.525, 0.525 * 0.49 / 0.51}, 1e-6, 0);
  kernels.mark_compared();
}

TEST_CASE("fairness is the paper's term, over the labelled rows alone") {
  for (const auto& [n, k] : {std::pair<std::int64_t, std::int64_t>{1, 2}, {7, 3}, {33, 10}, {64, 31}}) {
    std::vector<std::int32_t> labels;
    for (std::int64_t i = 0; i < n; ++i) labels.push_back(i % 3 == 1 ? -1 : static_cast<std::int32_t>(i % k));
    const Tensor given = from_values(labels, {n});
    check_op({.name = "fairness " + std::to_string(n) + " of " + std::to_string(k),
              .inputs = {softmax(random_tensor({n, k}, DType::f64, 5, 2)), shares(k, 6), shares(k, 7)},
              .wants_grad = {true, false, false},
              .forward = [given](const auto& in) { return fairness(in[0], to(given, in[0].device()), in[1], in[2]); },
              .reference =
                  [labels](const auto& in) {
                    return Row{naive_fairness(doubles(in[0]), labels, doubles(in[1]), doubles(in[2]))};
                  }});
  }
}

TEST_CASE("fairness of no labelled row is 0, without gradient") {
  Tensor p = full({2, 2}, 0.5).set_requires_grad(true);
  const Tensor none = from_values(std::vector<std::int32_t>{-1, -1}, {2});
  const Tensor loss = fairness(p, none, full({2}, 0.5), full({2}, 0.5));
  check_near(loss, {0}, 0, 0);
  backward(loss);
  check_near(p.grad(), {0, 0, 0, 0}, 0, 0);
}

TEST_CASE("self-adaptive ops name what does not fit") {
  CHECK_THROWS_WITH(fairness(zeros({2, 3}), zeros({2}), zeros({3}), zeros({3})), Catch::Contains("i32"));
  CHECK_THROWS_WITH(followed({zeros({1}), zeros({3}), zeros({3})}, zeros({4, 2}), 0.9), Catch::Contains("(4, 2)"));
}
