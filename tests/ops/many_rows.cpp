// Rows enough for several tasks, of lengths on both sides of what the kernels call narrow.
#include <catch2/catch.hpp>

#include "s4l/core/autograd.h"
#include "s4l/core/ops/kl_divergence.h"
#include "s4l/core/ops/softmax.h"
#include "s4l/core/ops/softmax_entropy.h"
#include "s4l/core/ops/squared_error.h"
#include "s4l/core/ops/vat.h"
#include "s4l/core/rng.h"
#include "s4l/tests/support/near.h"

using namespace s4l;
using namespace s4l::test;

namespace {

/// What every op of rows makes of z and of others near it.
std::vector<Tensor> results_of(const Tensor& logits) {
  const std::int64_t n = logits.shape()[0], k = logits.shape()[1];
  Tensor z = logits.detach();
  z.set_requires_grad(true);
  const Tensor other = random_tensor(logits.shape(), logits.dtype(), 8, 2), soft = softmax(other);
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < n; ++i) labels.push_back(static_cast<std::int32_t>(i % (k + 1) - 1));
  const Tensor hard = from_values(labels, {n});
  std::vector<Tensor> all{soft};
  const auto add = [&](const Tensor& loss) {
    all.push_back(loss);
    all.push_back(grad(loss, std::vector<Tensor>{z})[0]);
  };
  for (const Tensor& given : {hard, soft, Tensor()}) {
    const SoftmaxEntropy s = softmax_entropy(z, given, {.entropy = 0.5, .label_smoothing = 0.1});
    all.insert(all.end(), {s.cross_entropy, s.entropy, s.hit});
    add(s.loss);
  }
  for (const KlOrder order : {KlOrder::perturbed_first, KlOrder::clean_first}) {
    const KlDivergence kl = kl_divergence(z, other, order);
    all.push_back(kl.rows);
    add(kl.loss);
  }
  add(squared_error(softmax(z), soft));
  all.push_back(vat_start(logits, 0.5, from_values<std::int32_t>(Rng(7, Purpose::test, 1).words(), {6})));
  return all;
}

}  // namespace

TEST_CASE("ops of many rows give the same bits for any number of threads, and in f32 what they give in f64") {
  for (const Shape& shape : {Shape{9001, 3}, Shape{5003, 10}, Shape{403, 128}, Shape{407, 129}, Shape{33, 1025}}) {
    const Tensor exact = random_tensor(shape, DType::f64, 7, 3);
    const auto numbers = doubles(exact);
    const Tensor z = from_values(std::vector<float>(numbers.begin(), numbers.end()), shape);
    const int before = num_threads();
    set_num_threads(1);
    const auto one = results_of(z), wide = results_of(exact);
    for (std::size_t i = 0; i < one.size(); ++i) {
      INFO("result " << i << " of " << to_text(shape));
      CHECK(relative_error(one[i], wide[i]) <= 2e-5);
    }
    for (const int threads : {2, 3, 8}) {
      set_num_threads(threads);
      const auto more = results_of(z);
      for (std::size_t i = 0; i < one.size(); ++i) {
        INFO("result " << i << " of " << to_text(shape) << " with " << threads << " threads");
        CHECK(doubles(more[i]) == doubles(one[i]));
      }
    }
    set_num_threads(before);
  }
}
