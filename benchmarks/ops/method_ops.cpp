// What single methods add to a step: VAT, consistency, triplet loss, teachers and thresholds.
#include <string>
#include <vector>

#include "s4l/benchmarks/ops/measure.h"
#include "s4l/core/ops/confident_labels.h"
#include "s4l/core/ops/curriculum.h"
#include "s4l/core/ops/kl_divergence.h"
#include "s4l/core/ops/self_adaptive.h"
#include "s4l/core/ops/softmax.h"
#include "s4l/core/ops/squared_error.h"
#include "s4l/core/ops/triplet.h"
#include "s4l/core/ops/update.h"
#include "s4l/core/ops/vat.h"
#include "s4l/core/rng.h"

namespace {

using namespace s4l;
using namespace s4l::bench;

void vat(std::int64_t n, std::int64_t size) {
  const Tensor x = random({n, size}), g = random({n, size}), y = empty_like(x), length = empty({n});
  const auto words = Rng(1, Purpose::test).words();
  const Tensor draw = from_values(std::vector<std::int32_t>(words.begin(), words.end()), {6});
  const std::string what = " " + to_text(x.shape());
  measure("vat_start" + what, bytes_of({x, y}), [=] { cpu::vat_start(x, 1, draw, y); });
  measure("vat_step" + what, bytes_of({x, g, y}), [=] { cpu::vat_step(x, g, {}, {}, y, length); });
}

void neighbours(std::int64_t n, std::int64_t size) {
  const Tensor x = random({n, size}), y = empty({n});
  measure("half_nearest_distance " + to_text(x.shape()), bytes_of({x, y}), [=] { cpu::half_nearest_distance(x, y); });
  const Tensor identity = empty({n}, DType::i32), loss = empty({}), anchors = empty({n}), ge = empty_like(x);
  for (std::int64_t i = 0; i < n; ++i) identity.data<std::int32_t>()[i] = static_cast<std::int32_t>(i / 4);
  measure("triplet " + to_text(x.shape()), bytes_of({x, ge}), [=] { cpu::triplet(x, identity, 1, loss, anchors, ge); });
}

void distributions(std::int64_t n, std::int64_t k) {
  const Tensor z = random({n, k}), clean = random({n, k}), gz = empty_like(z), loss = empty({}), rows = empty({n});
  const std::string what = " " + to_text(z.shape());
  measure("kl_divergence" + what, bytes_of({z, clean, gz}),
          [=] { cpu::kl_divergence(z, clean, KlOrder::perturbed_first, loss, rows, gz); });
  measure("squared_error" + what, bytes_of({z, clean, gz}), [=] { cpu::squared_error(z, clean, loss, gz); });
  const Tensor p = empty_like(z);
  cpu::softmax(z, p);
  measure("softmax" + what, bytes_of({z, p}), [=] { cpu::softmax(z, p); });
  measure("softmax_backward" + what, bytes_of({p, z, gz}), [=] { cpu::softmax_backward(p, z, gz); });
}

void teacher(std::int64_t n) {
  const Tensor average = random({n}), weight = random({n}), step = full({}, 10);
  measure("average (" + std::to_string(n) + ")", bytes_of({average, average, weight}),
          [=] { cpu::average(average, weight, step, {}); });
}

/// A batch's thresholds and pseudo-labels.
void pseudo_labels(std::int64_t n, std::int64_t k) {
  const Tensor z = random({n, k}), q = empty_like(z), thresholds = full({k}, 0.1), labels = empty({n}, DType::i32);
  cpu::softmax(z, q);
  const Tensor given = empty({n}), loss = empty({}), gp = empty_like(q);
  const std::string what = " " + to_text(q.shape());
  measure("confident_labels" + what, bytes_of({q, labels}), [=] { cpu::confident_labels(q, thresholds, labels); });
  measure("is_labelled" + what, bytes_of({labels, given}), [=] { cpu::is_labelled(labels, given); });

  const Tensor seen = empty({n}, DType::i32), counts = zeros({k}, DType::i64), index = empty({n}, DType::i64);
  for (std::int64_t i = 0; i < n; ++i) {
    seen.data<std::int32_t>()[i] = -1;
    index.data<std::int64_t>()[i] = i;
  }
  measure("note_confident" + what, bytes_of({q, index, seen}),
          [=] { cpu::note_confident(seen, counts, q, index, 0.1); });
  measure("curriculum_thresholds" + what, bytes_of({counts, thresholds}),
          [=] { cpu::curriculum_thresholds(counts, n, 0.95, true, thresholds); });

  const Tensor global = full({}, 0.1), probability = full({k}, 0.1), histogram = full({k}, 0.1);
  const Tensor to_global = empty_like(global), to_probability = empty_like(probability),
               to_histogram = empty_like(histogram);
  measure("follow_confidence" + what, bytes_of({q}), [=] {
    cpu::follow_confidence(q, 0.999, global, probability, histogram, to_global, to_probability, to_histogram);
  });
  measure("self_adaptive_thresholds" + what, bytes_of({probability, thresholds}),
          [=] { cpu::self_adaptive_thresholds(global, probability, thresholds); });
  measure("fairness" + what, bytes_of({q, gp}), [=] { cpu::fairness(q, labels, probability, histogram, loss, gp); });
}

[[maybe_unused]] const bool registered = [] {
  vat(128, 3 * 32 * 32);
  vat(512, 3 * 224 * 224);
  neighbours(128, 3 * 32 * 32);
  distributions(448, 10);
  distributions(16384, 1000);
  teacher(25'000'000);
  pseudo_labels(448, 10);
  return true;
}();

}  // namespace
