// S4L-Rotation (spec 2.3): every picture in its four rotations; labelled ones teach the class, all teach the rotation.
//   L_class = (1/4b) sum_i sum_k CE(z^c(x_i^(k)), y_i)
//   L_rot   = mean of the enabled of (1/4b_u) sum CE(z^r(u_i^(k)), k) and (1/4b) sum CE(z^r(x_i^(k)), k)
//   L       = L_class + w L_rot
#include "s4l/core/ops/add.h"
#include "s4l/core/ops/softmax_entropy.h"
#include "s4l/methods/method.h"
#include "s4l/methods/training/streams.h"
#include "s4l/nn/layers/linear.h"

namespace s4l::methods {
namespace {

constexpr int kRotations = 4;

class Rotation final : public Method {
 public:
  explicit Rotation(const MethodOptions& options)
      : weight_(options.value("rot-weight")),
        on_unlabelled_(options.on("rot-loss-unsup")),
        on_labelled_(options.on("rot-loss-sup")),
        rng_(options.seed, Purpose::init, kHeadStream),
        head_(options.feature_size, kRotations, rng_, options.zero_heads) {}

  Views views() const override { return on_unlabelled_ ? Views{"rotate", {"rotate"}} : Views{"rotate", {}}; }
  std::string eval_views() const override { return "rotate"; }
  void visit(nn::Visitor& visitor) override { visitor.module("rotations", head_); }

  Tensor loss(Step& step) override {
    std::vector<Tensor> streams;  // [unlabelled ; labelled], the order batch norm sees (spec 2.0.4)
    if (on_unlabelled_) streams.push_back(step.unlabelled.at(0));
    streams.push_back(step.x);
    const Streams batch(streams, step.virtual_replicas);
    const Tensor features = step.model.features(batch.rows(), nn::Mode::train);

    const int labelled = on_unlabelled_ ? 1 : 0;
    const Tensor z = step.model.logits(batch.part(features, labelled));
    const SoftmaxEntropy classes = softmax_entropy(z, repeat_labels(step.labels, kRotations));
    step.metrics.put("train/sup_loss", classes.loss);
    step.metrics.put("train/acc", classes.hit);

    const Tensor z_rotation = head_.forward(features, nn::Mode::train);
    std::vector<Tensor> terms;
    if (on_unlabelled_) terms.push_back(rotation_loss(step, batch.part(z_rotation, 0)));
    if (on_labelled_) terms.push_back(rotation_loss(step, batch.part(z_rotation, labelled)));
    if (terms.empty()) return classes.loss;
    const Tensor rotation = terms.size() == 1 ? terms[0] : 0.5 * (terms[0] + terms[1]);
    step.metrics.put("train/rot_loss", rotation);
    return classes.loss + weight_ * rotation;
  }

 private:
  static constexpr std::uint64_t kHeadStream = 1u << 20;  // apart from the network's own parameters

  static Tensor rotation_loss(Step& step, const Tensor& z) {
    const SoftmaxEntropy result = softmax_entropy(z, rotation_labels(z.shape()[0] / kRotations, z.device()));
    step.metrics.put("train/rot_acc", result.hit);
    return result.loss;
  }

  double weight_;
  bool on_unlabelled_, on_labelled_;
  Rng rng_;
  nn::Linear head_;
};

}  // namespace
}  // namespace s4l::methods

S4L_METHOD(rotation, Rotation, "S4L-Rotation: classes of the labelled, rotations of all pictures",
           {"rot-weight", 1, "weight w of the rotation loss", {"rot-loss-weight", "ulb-loss-ratio"}},
           on_off("rot-loss-unsup", true, "rotation loss on unlabelled pictures (1 or 0)"),
           on_off("rot-loss-sup", true, "rotation loss on labelled pictures (1 or 0)"))
