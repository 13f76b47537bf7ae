// Ops without a gradient, and types that check_op does not take: every device gives the CPU's numbers.
#include <catch2/catch.hpp>
#include <cmath>

#include "s4l/core/ops/cast.h"
#include "s4l/core/ops/confident_labels.h"
#include "s4l/core/ops/curriculum.h"
#include "s4l/core/ops/self_adaptive.h"
#include "s4l/core/ops/softmax.h"
#include "s4l/core/ops/update.h"
#include "s4l/tests/support/near.h"
#include "s4l/tests/support/op_case.h"

using namespace s4l;
using namespace s4l::test;

namespace {

/// Answers of a network for n pictures, some of them sure.
Tensor answers(std::int64_t n, std::int64_t k) { return softmax(random_tensor({n, k}, DType::f32, 5, 4)); }

/// Calls `compute(there)`, which takes tensors of the CPU through `there`, with each device.
template <class Compute>
void on_every_device(const Compute& compute) {
  KernelsUnderTest kernels;
  for (const Device& device : devices()) {
    INFO(to_text(device));
    compute([device](const Tensor& x) { return to(x, device); });
  }
  kernels.mark_compared();
}

}  // namespace

TEST_CASE("every device casts between every two floating types as the CPU does") {
  on_every_device([](const auto& there) {
    for (const std::int64_t n : {0, 1, 33, 4000})
      for (const DType from : {DType::f32, DType::f64, DType::bf16, DType::f16})
        for (const DType into : {DType::f32, DType::f64, DType::bf16, DType::f16}) {
          const Tensor x = cast(random_tensor({n}, DType::f32, 51), from);
          check_near(cast(to(cast(there(x), into), kCpu), DType::f64), doubles(cast(cast(x, into), DType::f64)), 0, 0);
        }
  });
}

TEST_CASE("every device finds the same confident answers") {
  on_every_device([](const auto& there) {
    for (const auto& [n, k] : {std::pair<std::int64_t, std::int64_t>{1, 2}, {33, 10}, {1025, 31}}) {
      const Tensor q = answers(n, k), thresholds = full({k}, 0.6);
      const Tensor labels = confident_labels(q, thresholds), got = confident_labels(there(q), there(thresholds));
      CHECK(values_of<std::int32_t>(got) == values_of<std::int32_t>(labels));
      CHECK(values_of<float>(is_labelled(got)) == values_of<float>(is_labelled(labels)));
    }
  });
}

TEST_CASE("every device notes confident pictures and derives the same thresholds") {
  on_every_device([](const auto& there) {
    const std::int64_t n = 65, k = 7;
    std::vector<std::int64_t> index;
    for (std::int64_t i = 0; i < n; ++i) index.push_back(i * 3);
    const Tensor q = answers(n, k), which = from_values(index, {n});
    const auto state = [&](const auto& place) {
      const Tensor seen = place(from_values(std::vector<std::int32_t>(200, -1), {200}));
      const Tensor counts = place(zeros({k}, DType::i64));
      for (const double tau : {0.9, 0.5}) note_confident_(seen, counts, place(q), place(which), tau);
      return std::pair{seen, counts};
    };
    const auto [seen, counts] = state([](const Tensor& x) { return x; });
    const auto [seen_there, counts_there] = state(there);
    CHECK(values_of<std::int32_t>(seen_there) == values_of<std::int32_t>(seen));
    CHECK(values_of<std::int64_t>(counts_there) == values_of<std::int64_t>(counts));
    for (const bool warm_up : {true, false})
      check_near(curriculum_thresholds(counts_there, 200, 0.95, warm_up),
                 doubles(curriculum_thresholds(counts, 200, 0.95, warm_up)), 1e-6, 0);
  });
}

TEST_CASE("every device follows the confidence of answers") {
  on_every_device([](const auto& there) {
    for (const auto& [n, k] : {std::pair<std::int64_t, std::int64_t>{1, 2}, {33, 10}, {300, 31}}) {
      const double share = 1.0 / static_cast<double>(k);
      const Confidence before{full({1}, share), full({k}, share), full({k}, share)};
      const Tensor q = answers(n, k);
      const Confidence after = followed(before, q, 0.9);
      const Confidence got =
          followed({there(before.global), there(before.probability), there(before.histogram)}, there(q), 0.9);
      check_near(got.global, doubles(after.global), 1e-5, 0);
      check_near(got.probability, doubles(after.probability), 1e-5, 0);
      check_near(got.histogram, doubles(after.histogram), 1e-5, 0);
      check_near(self_adaptive_thresholds(got), doubles(self_adaptive_thresholds(after)), 1e-5, 0);
    }
  });
}

TEST_CASE("every device averages weights by the step's decay") {
  on_every_device([](const auto& there) {
    for (const DType dtype : {DType::f32, DType::f64})
      for (const double step : {3.0, 12.0}) {
        const Tensor weight = random_tensor({1025}, dtype, 8), average = random_tensor({1025}, dtype, 9);
        const Tensor got = there(average), at = full({1}, step);
        const auto before = doubles(average), w = doubles(weight);
        const double d = step < 10 ? 0.5 : 0.9;
        std::vector<double> expected;
        for (std::size_t i = 0; i < w.size(); ++i) expected.push_back(d * before[i] + (1 - d) * w[i]);
        average_(got, there(weight), there(at), {.early = 0.5, .decay = 0.9, .until = 10});
        check_near(got, expected, 1e-5, 1e-6);
      }
  });
}
