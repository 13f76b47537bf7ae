// Pseudo-labels, and the thresholds that methods follow.
#include <catch2/catch.hpp>
#include <cmath>

#include "s4l/core/ops/confident_labels.h"
#include "s4l/core/ops/curriculum.h"
#include "s4l/core/ops/self_adaptive.h"
#include "s4l/core/ops/softmax.h"
#include "s4l/core/rng.h"
#include "s4l/tests/kernels/device_op.h"
#include "s4l/tests/support/near.h"

using namespace s4l;
using namespace s4l::test;

namespace {

Tensor probabilities(std::int64_t n, std::int64_t k) { return softmax(random_tensor({n, k}, DType::f64, 3, 2)); }

template <class T>
Tensor whole_numbers(std::int64_t n, std::int64_t below, std::uint64_t seed, std::int64_t from = 0) {
  Rng rng(seed, Purpose::test);
  std::vector<T> values;
  for (std::int64_t i = 0; i < n; ++i) values.push_back(static_cast<T>(from + rng.below(below - from)));
  return from_values(values, {n});
}

Tensor copy_of(const Tensor& x) {
  const Tensor y = empty_like(x);
  copy_(y, x);
  return y;
}

struct Size {
  std::int64_t n, k;
};
const std::vector<Size> kSizes = {{0, 4}, {1, 1}, {33, 4}, {5, 33}, {70, 10}, {3, 1025}};

}  // namespace

TEST_CASE("the kernels of pseudo-labels find the classes above their thresholds") {
  for (const auto& [n, k] : kSizes)
    check_op_on_device({.name = "confident_labels",
                        .inputs = {probabilities(n, k), full({k}, 1.2 / static_cast<double>(k), DType::f64)},
                        .forward =
                            [](const auto& in) {
                              const Tensor labels = confident_labels(in[0].detach(), in[1].detach());
                              return std::vector<Tensor>{labels, is_labelled(labels)};
                            },
                        .types = {DType::f32, DType::f64}});
}

TEST_CASE("the kernel of pseudo-labels takes the first of several largest, whichever lanes they are in") {
  for (const std::int64_t k : {3, 33, 70, 200}) {
    Tensor q = empty({40, k}, DType::f64);
    for (std::int64_t i = 0; i < q.numel(); ++i) q.data<double>()[i] = static_cast<double>(i * i % 7 % 3) / 4;
    check_op_on_device(
        {.name = "confident_labels of ties",
         .inputs = {q, full({k}, 0.5, DType::f64)},
         .forward =
             [](const auto& in) { return std::vector<Tensor>{confident_labels(in[0].detach(), in[1].detach())}; },
         .types = {DType::f32, DType::f64}});
  }
}

TEST_CASE("the kernel of pseudo-labels passes over a NaN, and takes none for a class") {
  const float nan = std::nanf("");
  const Tensor q = from_values(std::vector<float>{nan, 1, 0, 0, 0, nan, 1, 0, nan, nan, nan, nan}, {3, 4});
  const Tensor thresholds = full({4}, 0.5);
  const Device device{Device::Kind::cuda, 0};
  const auto labels = values_of<std::int32_t>(confident_labels(to(q, device), to(thresholds, device)));
  CHECK(labels == std::vector<std::int32_t>{-1, 2, -1});
  CHECK(labels == values_of<std::int32_t>(confident_labels(q, thresholds)));
}

TEST_CASE("the kernels of the curriculum count pictures that come twice once") {
  for (const auto& [n, k] : kSizes)
    for (const bool warm_up : {false, true})
      check_op_on_device({.name = "note_confident_",
                          .inputs = {probabilities(n, k), whole_numbers<std::int64_t>(n, 20, 1),
                                     whole_numbers<std::int32_t>(20, k, 2, -1), whole_numbers<std::int64_t>(k, 30, 3)},
                          .forward =
                              [k = k, warm_up](const auto& in) {
                                const Tensor seen = copy_of(in[2]), counts = copy_of(in[3]);
                                note_confident_(seen, counts, in[0].detach(), in[1], 1.3 / static_cast<double>(k));
                                const Tensor none = zeros({k}, DType::i64, counts.device());
                                return std::vector<Tensor>{curriculum_thresholds(counts, 40 * k, 0.95, warm_up), counts,
                                                           seen, curriculum_thresholds(none, 40 * k, 0.95, warm_up)};
                              },
                          .types = {DType::f32},
                          .f64 = false});
}

TEST_CASE("the kernels of self-adaptive thresholds follow the confidence") {
  for (const Size& size : kSizes) {
    const std::int64_t n = size.n, k = size.k;
    if (n == 0) continue;  // a mean of nothing
    const double even = 1 / static_cast<double>(k);
    check_op_on_device({.name = "followed",
                        .inputs = {probabilities(n, k), full({1}, even, DType::f64), probabilities(1, k)},
                        .forward =
                            [=](const auto& in) {
                              const auto p = in[2].detach();
                              const Tensor flat = from_values(values_of<float>(p), {k}, p.device());
                              const Confidence next = followed({in[1].detach(), flat, flat}, in[0].detach(), 0.9);
                              return std::vector<Tensor>{self_adaptive_thresholds(next), next.global, next.probability,
                                                         next.histogram};
                            },
                        .types = {DType::f32},
                        .f64 = false});
  }
}

TEST_CASE("the kernels of fairness give its loss and gradient, over the labelled rows alone") {
  for (const auto& [n, k] : kSizes)
    for (const bool labelled : {true, false}) {
      Tensor histogram = probabilities(1, k);
      if (k > 2) histogram.data<double>()[1] = 0;  // a class that takes no part
      const Tensor flat = from_values(values_of<double>(histogram), {k});
      check_op_on_device(
          {.name = "fairness",
           .inputs = {probabilities(n, k), flat, full({k}, 0.3, DType::f64),
                      labelled ? whole_numbers<std::int32_t>(n, 2, 4, -1) : whole_numbers<std::int32_t>(n, 0, 4, -1)},
           .forward =
               [](const auto& in) {
                 return std::vector<Tensor>{fairness(in[0], in[3], in[2].detach(), in[1].detach())};
               },
           .types = {DType::f32, DType::f64},
           .tolerance = 10});
    }
}
