// The gradient of each method's whole loss, network and virtual replicas included, against finite differences in f64.
#include <catch2/catch.hpp>
#include <optional>

#include "s4l/core/autograd.h"
#include "s4l/core/ops/kl_divergence.h"
#include "s4l/methods/training/streams.h"
#include "small_network.h"

using namespace s4l;
using namespace s4l::methods;
using namespace s4l::test;

namespace {

constexpr int kReplicas = 2;

/// Passes everything on, notes each pass's logits, and from the second loss on shows the network in the last pass what
/// it was shown there at first: to its gradient VAT's perturbed pictures are constants.
struct Frozen final : nn::Classifier {
  SmallNetwork& network;
  std::vector<Tensor> logits_now;
  std::size_t pass = 0, passes = 0;
  Tensor last;

  explicit Frozen(SmallNetwork& n) : network(n) {}
  Tensor features(const Tensor& x, nn::Mode mode) override {
    ++pass;
    if (passes == 0) last = x.detach();
    return network.features(pass == passes ? last : x, mode);
  }
  Tensor logits(const Tensor& f) override {
    logits_now.push_back(network.logits(f));
    return logits_now.back();
  }
  std::int64_t feature_size() const override { return network.feature_size(); }
  void visit(nn::Visitor& visitor) override { network.visit(visitor); }
  void begin() {
    pass = 0;
    logits_now.clear();
  }
};

/// VAT's part in a loss: its weight, and which rows of the clean pass it compares with.
struct VatPart {
  double weight;
  bool unlabelled_alone = false;
  KlOrder order = KlOrder::perturbed_first;
};

struct Case {
  const char* name;
  const char* method;
  int rotations;
  Learner::Values options;
  std::optional<VatPart> vat = {};
  int stage = 1;
  bool cross_replica = false;
};

std::vector<Case> cases() {
  const Learner::Values matching = {{"threshold", 0.4}, {"unlabelled-weight", 1.5}};
  const auto and_also = [](Learner::Values a, const Learner::Values& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  };
  const auto vat = [&](const Learner::Values& more) { return and_also({{"vat-weight", 0.7}, {"vat-eps", 1.5}}, more); };
  const Learner::Values mix = {{"vat-eps", 1.5}, {"sup-weight", 0.2}, {"vat-weight", 0.5}, {"entmin-weight", 0.4}};
  return {
      {"supervised", "supervised", 1, {}},
      {"pseudo-label", "pseudo-label", 1, {}, {}, 2},
      {"rotation", "rotation", 4, {{"rot-weight", 0.6}}},
      {"exemplar", "exemplar", 4, {{"triplet-embed-dim", 5}, {"triplet-weight", 1.3}}},
      {"exemplar released",
       "exemplar",
       4,
       {{"triplet-embed-dim", 5}, {"triplet-weight", 1.3}, {"exemplar-identity", "released"}}},
      {"rotation-pretrain", "rotation-pretrain", 4, {}},
      {"exemplar-pretrain", "exemplar-pretrain", 4, {{"triplet-embed-dim", 5}}},
      {"vat", "vat", 1, vat({}), VatPart{0.7}},
      {"vat clean-first", "vat", 1, vat({{"vat-kl", "clean-first"}}), VatPart{0.7, false, KlOrder::clean_first}},
      {"vat unlabelled", "vat", 1, vat({{"vat-labelled", 0}}), VatPart{0.7, true}},
      {"vat bounded", "vat", 1, vat({{"vat-eps-bound", 1}}), VatPart{0.7}},
      {"vat-entmin", "vat-entmin", 1, vat({{"entmin-weight", 0.3}}), VatPart{0.7}},
      {"moam", "moam", 4, mix, VatPart{0.5, true}},
      {"moam cross-replica", "moam", 4, mix, VatPart{0.5, true}, 1, true},
      {"moam guesses", "moam", 4, mix, VatPart{0.5, true}, 2},
      {"moam labels", "moam", 4, mix, {}, 3},
      {"mean-teacher", "mean-teacher", 1, {{"ramp-up-steps", 0}, {"consistency-weight", 30}}},
      {"fixmatch", "fixmatch", 1, matching},
      {"flexmatch", "flexmatch", 1, matching},
      // thresholds and shares follow the answers without a gradient: here they stand still
      {"freematch", "freematch", 1, {{"confidence-decay", 1}, {"unlabelled-weight", 1.5}, {"fairness-weight", 0.3}}}};
}

/// A method's loss with what is constant to its gradient held where it was at first.
class Loss {
 public:
  Learner learner;

  explicit Loss(const Case& c)
      : learner(c.method, c.options, DType::f64, {.stage = c.stage}),
        case_(c),
        frozen_(learner.network),
        shown_(*learner.method, 1, c.rotations, DType::f64) {
    nn::set_batch_norm_groups(learner, kReplicas);
    if (c.cross_replica) nn::set_cross_replica_batch_norm(learner);
    backward(compute());
    frozen_.passes = frozen_.pass;
    if (case_.vat) perturbed_ = frozen_.logits_now.back().detach();
  }

  /// L(w), less what the clean answers do as the fixed side of VAT's divergence.
  double at_these_weights() {
    double loss = item(compute());
    if (case_.vat) loss -= case_.vat->weight * item(kl_divergence(perturbed_, clean_answers(), case_.vat->order).loss);
    return loss;
  }

 private:
  Tensor compute() {
    frozen_.begin();
    shown_.metrics.clear();
    const Step step = shown_.step(learner, kReplicas);
    Step held{frozen_,  step.x,    step.labels,  step.unlabelled, step.index,
              step.rng, kReplicas, step.metrics, step.random};
    return learner.method->loss(held);
  }

  Tensor clean_answers() const {
    const Tensor z = frozen_.logits_now.front().detach();
    return case_.vat->unlabelled_alone ? Streams({shown_.unlabelled[0], shown_.x}, kReplicas).part(z, 0) : z;
  }

  const Case& case_;
  Frozen frozen_;
  Pictures shown_;
  Tensor perturbed_;  // VAT's answers at first
};

}  // namespace

TEST_CASE("the gradient of each method's whole loss is that of finite differences, for every weight") {
  for (const Case& c : cases()) {
    Loss loss(c);
    int compared = 0, not_zero = 0;
    for (const auto& [name, parameter] : nn::parameters_of(loss.learner)) {
      const Tensor& value = parameter->value;
      const bool used = static_cast<bool>(value.grad());  // pretraining leaves the class head alone
      INFO(c.name << " " << name);
      CHECK(used == !(std::string(c.name).ends_with("-pretrain") && name.starts_with("head.")));
      if (!used) continue;
      const auto gradient = doubles(value.grad());
      for (std::size_t i = 0; i < gradient.size(); ++i) {
        double& weight = value.data<double>()[i];
        const double kept = weight, h = 1e-5;
        const auto loss_at = [&](double other) {
          weight = other;
          value.bump_version();
          return loss.at_these_weights();
        };
        const double slope = (loss_at(kept + h) - loss_at(kept - h)) / (2 * h);
        loss_at(kept);
        INFO("element " << i);
        CHECK(gradient[i] == Approx(slope).epsilon(1e-4).margin(1e-7));
        not_zero += std::abs(slope) > 1e-5;
        ++compared;
      }
    }
    INFO(c.name);
    CHECK(not_zero > compared / 2);
    if (!c.cross_replica) continue;
    Case apart = c;
    apart.cross_replica = false;
    CHECK(Loss(apart).at_these_weights() != Approx(loss.at_these_weights()));
  }
}
