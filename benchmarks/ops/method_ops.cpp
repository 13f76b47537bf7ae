// What single methods add to a step: VAT, consistency, triplet loss, teachers and thresholds.
#include <string>
#include <vector>

#include "s4l/benchmarks/ops/measure.h"
#include "s4l/core/ops/add.h"
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
  const std::string what = " " + to_text(Shape{n, size});
  measure("vat_start" + what, [=] {
    const auto words = Rng(1, Purpose::test).words();
    const Tensor draw = from_values(std::vector<std::int32_t>(words.begin(), words.end()), {6});
    const Tensor x = random({n, size}), y = empty_like(x);
    return Pass{bytes_of({x, y}), [=] { cpu::vat_start(x, 1, draw, y); }};
  });
  measure("vat_step" + what, [=] {
    const Tensor x = random({n, size}), g = random({n, size}), y = empty_like(x), length = empty({n});
    return Pass{bytes_of({x, g, y}), [=] { cpu::vat_step(x, g, {}, {}, y, length); }};
  });
}

void neighbours(std::int64_t n, std::int64_t size) {
  const std::string what = " " + to_text(Shape{n, size});
  measure("half_nearest_distance" + what, [=] {
    const Tensor x = random({n, size}), y = empty({n});
    return Pass{bytes_of({x, y}), [=] { cpu::half_nearest_distance(x, y); }};
  });
  measure("triplet" + what, [=] {
    const Tensor x = random({n, size}), ge = empty_like(x);
    const Tensor identity = empty({n}, DType::i32), loss = empty({}), anchors = empty({n});
    for (std::int64_t i = 0; i < n; ++i) identity.data<std::int32_t>()[i] = static_cast<std::int32_t>(i / 4);
    return Pass{bytes_of({x, ge}), [=] { cpu::triplet(x, identity, 1, loss, anchors, ge); }};
  });
}

Tensor softmax_of(const Tensor& z) {
  const Tensor p = empty_like(z);
  cpu::softmax(z, p);
  return p;
}

Tensor scaled(const Tensor& x, double factor) {
  const Tensor y = empty_like(x);
  cpu::scale(x, factor, y);
  return y;
}

/// z, of which clean logits are `share`.
struct Distributions {
  std::int64_t n, k;
  double share = 0.9;
  Tensor z = random({n, k}), clean = scaled(z, share), gz = empty_like(z), loss = empty({}), rows = empty({n});
  Tensor p = softmax_of(z);
};

void distributions(std::int64_t n, std::int64_t k) {
  const std::string what = " " + to_text(Shape{n, k});
  measure("kl_divergence" + what, [=] {
    const Distributions d{n, k};
    return Pass{bytes_of({d.z, d.clean, d.gz}),
                [=] { cpu::kl_divergence(d.z, d.clean, KlOrder::perturbed_first, d.loss, d.rows, d.gz); }};
  });
  measure("kl_divergence of far logits" + what, [=] {
    const Distributions d{n, k, -1};
    return Pass{bytes_of({d.z, d.clean, d.gz}),
                [=] { cpu::kl_divergence(d.z, d.clean, KlOrder::perturbed_first, d.loss, d.rows, d.gz); }};
  });
  measure("squared_error" + what, [=] {
    const Distributions d{n, k};
    return Pass{bytes_of({d.z, d.clean, d.gz}), [=] { cpu::squared_error(d.z, d.clean, d.loss, d.gz); }};
  });
  measure("softmax" + what, [=] {
    const Distributions d{n, k};
    return Pass{bytes_of({d.z, d.p}), [=] { cpu::softmax(d.z, d.p); }};
  });
  measure("softmax_backward" + what, [=] {
    const Distributions d{n, k};
    return Pass{bytes_of({d.p, d.z, d.gz}), [=] { cpu::softmax_backward(d.p, d.z, d.gz); }};
  });
}

void teacher(std::int64_t n) {
  measure("average (" + std::to_string(n) + ")", [=] {
    const Tensor average = random({n}), weight = random({n}), step = full({}, 10);
    return Pass{bytes_of({average, average, weight}), [=] { cpu::average(average, weight, step, {}); }};
  });
}

/// A batch's distributions, thresholds and pseudo-labels.
struct PseudoLabels {
  std::int64_t n, k;
  Tensor q = softmax_of(random({n, k})), gp = empty_like(q), loss = empty({}), labels = empty({n}, DType::i32);
  Tensor global = full({}, 0.1), probability = full({k}, 0.1), histogram = full({k}, 0.1);
  Tensor thresholds = full({k}, 0.1);
};

void pseudo_labels(std::int64_t n, std::int64_t k) {
  const std::string what = " " + to_text(Shape{n, k});
  measure("confident_labels" + what, [=] {
    const PseudoLabels l{n, k};
    return Pass{bytes_of({l.q, l.labels}), [=] { cpu::confident_labels(l.q, l.thresholds, l.labels); }};
  });
  measure("is_labelled" + what, [=] {
    const PseudoLabels l{n, k};
    const Tensor given = empty({n});
    return Pass{bytes_of({l.labels, given}), [=] { cpu::is_labelled(l.labels, given); }};
  });
  measure("follow_confidence" + what, [=] {
    const PseudoLabels l{n, k};
    const Tensor global = empty({}), probability = empty({k}), histogram = empty({k});
    return Pass{bytes_of({l.q}), [=] {
                  cpu::follow_confidence(l.q, 0.999, l.global, l.probability, l.histogram, global, probability,
                                         histogram);
                }};
  });
  measure("self_adaptive_thresholds" + what, [=] {
    const PseudoLabels l{n, k};
    return Pass{bytes_of({l.probability, l.thresholds}),
                [=] { cpu::self_adaptive_thresholds(l.global, l.probability, l.thresholds); }};
  });
  measure("fairness" + what, [=] {
    const PseudoLabels l{n, k};
    cpu::confident_labels(l.q, l.thresholds, l.labels);
    return Pass{bytes_of({l.q, l.gp}), [=] { cpu::fairness(l.q, l.labels, l.probability, l.histogram, l.loss, l.gp); }};
  });
}

void curriculum(std::int64_t n, std::int64_t k) {
  const std::string what = " " + to_text(Shape{n, k});
  measure("note_confident" + what, [=] {
    const PseudoLabels l{n, k};
    const Tensor seen = empty({n}, DType::i32), counts = zeros({k}, DType::i64), index = empty({n}, DType::i64);
    for (std::int64_t i = 0; i < n; ++i) {
      seen.data<std::int32_t>()[i] = -1;
      index.data<std::int64_t>()[i] = i;
    }
    return Pass{bytes_of({l.q, index, seen}), [=] { cpu::note_confident(seen, counts, l.q, index, 0.1); }};
  });
  measure("curriculum_thresholds" + what, [=] {
    const Tensor counts = zeros({k}, DType::i64), thresholds = empty({k});
    return Pass{bytes_of({counts, thresholds}), [=] { cpu::curriculum_thresholds(counts, n, 0.95, true, thresholds); }};
  });
}

[[maybe_unused]] const bool registered = [] {
  vat(128, 3 * 32 * 32);
  vat(512, 3 * 224 * 224);
  neighbours(128, 3 * 32 * 32);
  distributions(448, 10);
  distributions(16384, 1000);
  teacher(25'000'000);
  pseudo_labels(448, 10);
  curriculum(448, 10);
  return true;
}();

}  // namespace
