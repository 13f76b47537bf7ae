// MOAM, the mix of all models (spec 2.8): rotation, VAT and EntMin at once; then again with its own guesses as labels;
// then the true labels alone.
//   steps 1, 2: L = (1 - w_c - w_v) (L_rot^u + L_rot^l) / 2 + w_c L_class + w_v L_vat + w_ent L_ent
//   step 3:     L = L_class
// All rows in four rotations; L_vat and L_ent on the unlabelled rows alone.
#include "s4l/core/ops/add.h"
#include "s4l/core/ops/softmax_entropy.h"
#include "s4l/methods/method.h"
#include "s4l/methods/training/streams.h"
#include "s4l/methods/training/vat_term.h"
#include "s4l/nn/layers/linear.h"

namespace s4l::methods {
namespace {

constexpr int kRotations = 4;

class Moam final : public Method {
 public:
  static std::vector<Stage> stages() {
    return {{.name = "mix"},
            {.name = "guesses", .guesses = true, .pretrained = true},
            {.name = "labels", .pretrained = true}};
  }

  explicit Moam(const MethodOptions& options)
      : labels_alone_(options.stage == 3),
        vat_(options),
        class_weight_(options.value("sup-weight")),
        vat_weight_(options.value("vat-weight")),
        entropy_weight_(options.value("entmin-weight")),
        rng_(options.seed, Purpose::init, kHeadStream),
        head_(options.feature_size, kRotations, rng_, options.zero_heads) {
    check(class_weight_ + vat_weight_ <= 1, "--sup-weight, --vat-weight: expected a sum of at most 1, got {}",
          class_weight_ + vat_weight_);
  }

  Views views() const override { return labels_alone_ ? Views{"rotate", {}} : Views{"rotate", {"rotate"}}; }
  std::string eval_views() const override { return "rotate"; }
  void visit(nn::Visitor& visitor) override {
    if (!labels_alone_) visitor.module("rotations", head_);
  }

  Tensor loss(Step& step) override {
    if (labels_alone_) return class_loss(step, step.model.forward(step.x, nn::Mode::train));
    const Streams batch({step.unlabelled.at(0), step.x}, step.virtual_replicas);
    const Tensor features = step.model.features(batch.rows(), nn::Mode::train);
    const Tensor z = step.model.logits(features), z_rotation = head_.forward(features, nn::Mode::train);

    const Tensor rotation =
        0.5 * (rotation_loss(step, batch.part(z_rotation, 0)) + rotation_loss(step, batch.part(z_rotation, 1)));
    step.metrics.put("train/rot_loss", rotation);
    const Tensor answers = batch.part(z, 0);
    const Tensor entropy = softmax_entropy(answers, {}, {.cross_entropy = 0, .entropy = 1}).loss;
    step.metrics.put("train/entmin_loss", entropy);
    const Tensor divergence = vat_.loss(step, step.unlabelled[0], answers, false);
    return (1 - class_weight_ - vat_weight_) * rotation + class_weight_ * class_loss(step, batch.part(z, 1)) +
           vat_weight_ * divergence + entropy_weight_ * entropy;
  }

 private:
  static constexpr std::uint64_t kHeadStream = 1u << 20;  // apart from the network's own parameters

  static Tensor class_loss(Step& step, const Tensor& z) {
    const SoftmaxEntropy classes = softmax_entropy(z, repeat_labels(step.labels, kRotations));
    step.metrics.put("train/sup_loss", classes.loss);
    step.metrics.put("train/acc", classes.hit);
    return classes.loss;
  }
  static Tensor rotation_loss(Step& step, const Tensor& z) {
    const SoftmaxEntropy result = softmax_entropy(z, rotation_labels(z.shape()[0] / kRotations, z.device()));
    step.metrics.put("train/rot_acc", result.hit);
    return result.loss;
  }

  bool labels_alone_;
  VatTerm vat_;
  double class_weight_, vat_weight_, entropy_weight_;
  Rng rng_;
  nn::Linear head_;
};

}  // namespace
}  // namespace s4l::methods

S4L_METHOD(moam, Moam, "mix of all models: rotation, VAT and EntMin, then its guesses, then the labels",
           with_vat_options(32, 0.3,
                            {{.name = "sup-weight", .value = 0.3, .help = "weight of the class loss", .high = 1},
                             {.name = "entmin-weight",
                              .value = 0.3,
                              .help = "weight of the answers' entropy",
                              .aliases = {"entmin-factor"}},
                             {.name = "pseudo-label-key",
                              .value = "average",
                              .help = "whose guess: of the centre crop, or of the average of 5 crops x 4 rotations",
                              .words = {"centre", "average"}}}))
